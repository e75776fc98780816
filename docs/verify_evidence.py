#!/usr/bin/env python3
"""Verifies a file of evidence by docs/evidence.md alone, apart from Sallyport's own verifier.

    verify_evidence.py <file> <log.vkey> <identity.jwks>

Of the standard library; responses that are compressed are decoded by the program `zstd`.
Prints who was given what, and ends with 1 at the first thing that is wrong.
"""
import base64, hashlib, itertools, json, re, struct, subprocess, sys, unicodedata
from datetime import datetime, timezone

P, Q = 2**255 - 19, 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P


def die(what):
    sys.exit(f"NOT VERIFIED: {what}")


def sha(*parts):
    return hashlib.sha256(b"".join(parts)).digest()


def b64(text, url=False):
    text += "=" * (-len(text) % 4)
    return base64.b64decode(text, altchars=b"-_" if url else None, validate=True)


def add(a, b):
    """Adds points of edwards25519 in extended coordinates (RFC 8032 section 5.1.4)."""
    s, t = (a[1] - a[0]) * (b[1] - b[0]) % P, (a[1] + a[0]) * (b[1] + b[0]) % P
    u, v = 2 * a[3] * b[3] * D % P, 2 * a[2] * b[2] % P
    e, f, g, h = t - s, v - u, v + u, t + s
    return e * f % P, g * h % P, f * g % P, e * h % P


def times(n, point):
    total = (0, 1, 1, 0)
    while n > 0:
        total, point, n = add(total, point) if n & 1 else total, add(point, point), n >> 1
    return total


def point(data):
    """A point from its 32 bytes (RFC 8032 section 5.1.3), None when they are none."""
    y = int.from_bytes(data, "little")
    sign, y = y >> 255, y & (2**255 - 1)
    x2 = (y * y - 1) * pow(D * y * y + 1, P - 2, P) % P
    x = pow(x2, (P + 3) // 8, P)
    if (x * x - x2) % P:
        x = x * pow(2, (P - 1) // 4, P) % P
    if y >= P or (x * x - x2) % P or (x == 0 and sign):
        return None
    x = P - x if x & 1 != sign else x
    return x, y, 1, x * y % P


BASE = point((4 * pow(5, P - 2, P) % P).to_bytes(32, "little"))


def signed(key, message, signature):
    """Ed25519 (RFC 8032 section 5.1.7)."""
    a, r, s = point(key), point(signature[:32]), int.from_bytes(signature[32:], "little")
    if len(signature) != 64 or a is None or r is None or s >= Q:
        return False
    k = int.from_bytes(hashlib.sha512(signature[:32] + key + message).digest(), "little") % Q
    left, right = times(s, BASE), add(r, times(k, a))
    return all((left[i] * right[2] - right[i] * left[2]) % P == 0 for i in (0, 1))


def leaf(frame):
    def text(value):
        return struct.pack(">I", len(value.encode())) + value.encode()
    headers = [h for h in frame["headers"] if not h[0].startswith("Nats-")]
    payload = b64(frame["payload"])
    return sha(b"\0sallyport-leaf/2\n", struct.pack(">QQ", frame["sequence"], frame["timeMs"]),
               text(frame["subject"]), struct.pack(">I", len(headers)),
               *(text(part) for header in headers for part in header),
               struct.pack(">Q", len(payload)), payload)


class Tree:
    def __init__(self):
        self.size, self.hashes = 0, []

    def add(self, node, size=1):
        rest = self.size // size
        while rest % 2:
            node, rest = sha(b"\1", self.hashes.pop(), node), rest // 2
        self.hashes.append(node)
        self.size += size

    def add_range(self, first, through, hashes):
        for node in hashes:
            size = 1
            while self.size % (2 * size) == 0 and self.size + 2 * size <= through:
                size *= 2
            self.add(node, size)
        if first < 1 or self.size != through:
            die(f"the hashes in the place of frame {first} do not fit")

    def root(self):
        node = self.hashes[-1] if self.hashes else sha()
        for left in self.hashes[-2::-1]:
            node = sha(b"\1", left, node)
        return node


def checkpoint(note, vkey, epoch):
    name, _, encoded = vkey.strip().split("+", 2)
    key, origin = b64(encoded), f"{name}/{epoch}"
    text, _, signatures = note.decode().rpartition("\n\n")
    for line in signatures.splitlines():
        _, signer, encoded = line.split(" ")
        data = b64(encoded)
        if signer == origin and data[:4] == sha(origin.encode(), b"\n", key)[:4]:
            lines = text.split("\n")
            if lines[0] == origin and signed(key[1:], text.encode() + b"\n", data[4:]):
                return int(lines[1]), b64(lines[2])
    die("a checkpoint is not signed by the log's key")


def jws(token, kind, keys):
    """The payload of a token, and from when until when its key was identity's; or None."""
    head, body, signature = token.split(".")
    header = json.loads(b64(head, True))
    x, start, end = keys.get(header["kid"], (None, 0, 0))
    if header["alg"] != "EdDSA" or header["typ"] != kind or x is None:
        return None
    good = signed(b64(x, True), f"{head}.{body}".encode(), b64(signature, True))
    return (json.loads(b64(body, True)), start, end) if good else None


def identity_keys(jwks):
    present = {key["kid"]: (key["x"], 0, float("inf")) for key in jwks["keys"]}
    earlier = [jws(text, "sallyport-earlier-key+jwt", present) for text in jwks.get("earlier", [])]
    if None in earlier:
        die("an earlier key of identity's is not signed by a present one")
    return present | {e["kid"]: (e["x"], e["from"], e["until"]) for e, _, _ in earlier}


def holds(token, keys, organisation, time_ms, **claims):
    """Whether identity signed exactly these claims, at that time."""
    read, now = jws(token, "sallyport-identity+jwt", keys), time_ms / 1000
    if read is None:
        return False
    said, start, end = read
    timely = start - 5 <= said["iat"] <= end and said["exp"] - said["iat"] <= 300
    timely = timely and said["iat"] - 60 <= now <= said["exp"] + 60
    actors, act = [], said.get("act")
    while act:
        actors, act = actors + [act["sub"]], act.get("act")
    said = {**said, "actors": actors}
    claims["iss"] = f"sallyport/{organisation}"
    return timely and all(said.get(name) == value for name, value in claims.items())


def one(name):
    """A name in one spelling: case, width and space at its ends do not make two people."""
    return unicodedata.normalize("NFKC", name).lower().strip()


def decoded(frame, headers):
    payload, coding = b64(frame["payload"]), headers.get("Sallyport-Encoding")
    if coding is None:
        return payload
    return subprocess.run(["zstd", "-dcq"], input=payload, check=True, capture_output=True).stdout


class Session:
    """G1, G2 and G5 over the frames of one session, in stored order."""

    def __init__(self, name, keys, organisation):
        self.name, self.keys, self.organisation = name, keys, organisation
        self.open, self.bytes, self.digests = None, {}, {}
        self.allowed, self.held, self.done, self.votes, self.used = {}, {}, set(), {}, set()
        self.ended, self.asked, self.parts, self.signed, self.cancels = set(), {}, [], False, {}

    def take(self, frame, kind):
        headers = dict(frame["headers"])
        _, request, part, more, _ = headers["Sallyport-Frame"].split(";")
        at, request = frame["sequence"], int(request)
        payload = decoded(frame, headers)
        if kind == "request":
            operation = headers.get("Sallyport-Operation")
            plain = operation is None or re.fullmatch(r"continues:[1-9]\d*", operation)
            if part == "0" and not plain:
                self.cancels[request] = operation
            self.bytes[request] = self.bytes.get(request, b"") + payload
            if more == "0":
                self.digests[request] = sha(self.bytes.pop(request)).hex()
        elif kind == "response":
            if request not in self.allowed:
                die(f"frame {at}: a response that no verdict allows")
            if int(part) == len(self.parts):
                self.parts.append(payload)
        elif hasattr(self, f"on_{kind}"):
            getattr(self, f"on_{kind}")(json.loads(payload), at, frame["timeMs"], request, payload)

    def on_open(self, said, at, time_ms, _, payload):
        if self.open is not None:
            die(f"frame {at}: the session opens twice")
        who, session = said["principal"], self.name.rsplit(".", 1)[1]
        self.signed = holds(
            said["token"], self.keys, self.organisation, time_ms, aud="sallyport:edge",
            session=session, connection=said["connection"], sub=who["person"],
            org_iss=who["issuer"], name=who["name"], groups=who["groups"],
            purpose_of_use=who["purpose"], actors=who["actors"])
        self.open, self.digests[0] = said, sha(payload).hex()

    def on_verdict(self, said, at, time_ms, request, _):
        approval, held = said["approval"], self.held.get(request)
        if said["decision"] == "hold":
            self.held[request] = approval
        if said["decision"] != "allow":
            return
        if self.open is None or said["request"] != request or request in self.allowed:
            die(f"frame {at}: an allow that is nobody's, or a second one")
        if not self.signed:
            die(f"frame {at}: an allow, but identity did not sign who opened the session")
        cancels = None if said["cancels"] is None else f"cancel:{said['cancels']}"
        if cancels != self.cancels.get(request):
            die(f"frame {at}: the allow is not of what request {request} is")
        if said["digest"] != self.digests.get(request):
            die(f"frame {at}: the allow is of other bytes than request {request}")
        if approval != held:
            die(f"frame {at}: the allow is not by the approval of its hold")
        self.allowed[request] = (at, said, self.consent(approval, at, time_ms) if held else [])

    def consent(self, approval, at, time_ms):
        name, votes = approval["id"], self.votes.get(approval["id"], [])
        until = self.asked.get(name, {"expiresAt": "1970-01-01T00:00:00Z"})["expiresAt"]
        ends = datetime.fromisoformat(until.replace("Z", "+00:00")).timestamp()
        if name in self.used or name in self.ended or time_ms / 1000 > ends + 5:
            die(f"frame {at}: approval {name} was used, refused or over")
        self.used.add(name)
        places = [need["group"] for need in approval["needs"] for _ in range(need["quorum"])]
        people = {one(vote["person"]): vote["groups"] for vote in votes}.values()
        seatings = itertools.permutations(people, len(places))
        if not places or not any(all(map(list.__contains__, seats, places)) for seats in seatings):
            die(f"frame {at}: {len(people)} people agreed, who do not fill {places}")
        return votes

    def on_approval(self, said, at, time_ms, *_):
        by, who, state = said["by"], self.open["principal"], said["state"]
        if state == "asked":
            self.asked.setdefault(said["id"], said)
        if state in ("denied", "expired"):
            self.ended.add(said["id"])
        if state not in ("voted", "denied"):
            return
        text = json.dumps(["sallyport-vote/1", said["binding"], by["decision"],
                           by["justification"]], ensure_ascii=False, separators=(",", ":"))
        if not holds(by["token"], self.keys, self.organisation, time_ms, aud="sallyport:approval",
                     approval=said["id"], vote=sha(text.encode()).hex(), sub=by["person"],
                     org_iss=by["issuer"], name=by["name"], groups=by["groups"], actors=[]):
            die(f"frame {at}: identity did not sign this vote")
        if by["decision"] == "deny":
            return self.ended.add(said["id"])
        chain = [one(name) for name in [who["person"], *who["actors"]]]
        if by["issuer"] != who["issuer"] or one(by["person"]) in chain:
            die(f"frame {at}: an approver of the requester's own chain, or of another issuer")
        asked = self.asked.get(said["id"])
        if asked is None or asked["binding"] != said["binding"]:
            die(f"frame {at}: a vote on what was not asked")
        self.votes.setdefault(said["id"], []).append(by)

    def on_outcome(self, said, at, time_ms, request, _):
        sequence, verdict, consent = self.allowed.get(request, (None, None, None))
        if request in self.done or said["verdict"] != sequence:
            die(f"frame {at}: what ran was not allowed, or ran twice")
        if said["digest"] != verdict["digest"]:
            die(f"frame {at}: other bytes ran than were allowed")
        self.done.add(request)
        if request == 0 or said["status"] == "not_run":
            return
        who = self.open["principal"]
        when = datetime.fromtimestamp(time_ms // 1000, timezone.utc).isoformat()
        touched = sorted({name for one in verdict["statements"] for name in one["relations"]})
        agreed = ", ".join(f"{by['person']} ({by['justification']})" for by in consent)
        print(f"{when} {who['person']} by {who['actors'] or 'nobody else'} at "
              f"{self.open['connection']}: {said['status']} {said['commands']} on {touched}, "
              f"{said['rows']} rows, by {verdict['policies']} of policy "
              f"{verdict['policyVersion'][:12]}; agreed: {agreed or 'nobody had to'}")

    def on_close(self, said, at, *_):
        released = said["released"]
        given = b"".join(self.parts[:released["parts"]]) if released else b""
        if released and (released["bytes"], released["sha256"]) != (len(given), sha(given).hex()):
            die(f"frame {at}: what was released is not what was stored")


def main(path, key_path, identity_path):
    vkey = open(key_path, encoding="utf-8").read()
    keys = identity_keys(json.load(open(identity_path, encoding="utf-8")))
    tree, signs, sessions, agreed = Tree(), [], {}, 0
    with open(path, encoding="utf-8") as lines:
        head = json.loads(next(lines))
        for line in map(json.loads, lines):
            if "hashes" in line:
                tree.add_range(line["from"], line["through"], [b64(h) for h in line["hashes"]])
            elif line["subject"].startswith("checkpoint."):
                signs.append(checkpoint(b64(line["payload"]), vkey, head["epoch"]))
            elif line["sequence"] != tree.size + 1:
                die(f"frame {tree.size + 1} is missing, or out of its place")
            else:
                tree.add(leaf(line))
                _, _, name = line["subject"].partition(".")
                name, _, kind = name.rpartition(".")
                make = Session(name, keys, head["organisation"])
                sessions.setdefault(name, make).take(line, kind)
            for size, root in (one for one in signs if one[0] == tree.size):
                if root != tree.root():
                    die(f"a frame up to {size} was changed: the signed root is another")
                agreed = size
    if agreed != tree.size or agreed != head["frames"]:
        die(f"{tree.size} frames, of which {agreed} are signed")
    print(f"VERIFIED: {agreed} frames of the log, {len(sessions)} sessions in this file")


if __name__ == "__main__":
    main(*sys.argv[1:])
