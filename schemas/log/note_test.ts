/**
 * Signed notes, keys and checkpoints against the examples of c2sp.org/signed-note, tlog-checkpoint
 * and the fixed keys of golang.org/x/mod/sumdb/note (BSD-3-Clause; values only).
 *
 * @module
 */
import { deepStrictEqual, ok, strictEqual, throws } from "node:assert/strict";
import fc from "fast-check";
import { formatCheckpoint, openCheckpoint, parseCheckpoint, signCheckpoint } from "./checkpoint.ts";
import { isKeyName, parseSigner, parseVerifier, renameSigner, renameVerifier } from "./key.ts";
import { signerOf, type Verifier } from "./key.ts";
import { type NoteFault, openNote, signNote } from "./note.ts";

const peterKey = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
const peterPrivate =
  "PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz";
const enochKey = "EnochRoot+af0cfe78+ATtqJ7zOtqQtYqOo0CpvDXNlMhV3HeJDpjrASKGLWdop";
const text = "If you think cryptography is the answer to your problem,\n" +
  "then you don't know what your problem is.\n";
const peterLine =
  "— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXg" +
  "KvqfqdngotpRZb6KE6RyyBwJnAM=\n";
const enochLine = "— EnochRoot rwz+eBzmZa0SO3NbfRGzPCpDckykFXSdeX+MNtCOXm2/5n2tiOHp+vAF1aGrQ5ovT" +
  "G01oOTGwnWLox33WWd1RvMc+QQ=\n";
const peter = parseVerifier(peterKey);
const enoch = parseVerifier(enochKey);
const encoder = new TextEncoder();

Deno.test("openNote() verifies the example of the specification", () => {
  const key = parseVerifier(
    "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k",
  );
  ok(key !== null);
  const note = "This is an example message.\n\n— example.com/foo Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq" +
    "6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=\n";
  const opened = openNote(encoder.encode(note), [key]);
  ok(opened.ok);
  strictEqual(opened.text, "This is an example message.\n");
  strictEqual(fault(note.replace("example message", "Example message"), [key]), "bad_signature");
});

Deno.test("parseVerifier() refuses every mangling of a key", () => {
  strictEqual(peter?.vkey, peterKey);
  for (let start = 0; start <= peterKey.length; start++) {
    for (let end = start; end <= peterKey.length; end++) {
      if (start === 0 && end === peterKey.length) continue;
      strictEqual(parseVerifier(peterKey.slice(start, end)), null);
    }
  }
  for (let at = 0; at < peterKey.length; at++) strictEqual(parseVerifier(bump(peterKey, at)), null);
  const longKey = "PeterNeumann+cc469956+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TWBADKEY==";
  strictEqual(parseVerifier(longKey), null);
  const otherType = "PeterNeumann+173116ae+ZRpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
  strictEqual(parseVerifier(otherType), null);
});

Deno.test("parseSigner() refuses every mangling of a key", () => {
  strictEqual(parseSigner(peterPrivate)?.vkey, peterKey);
  for (let cut = 1; cut < peterPrivate.length; cut++) {
    strictEqual(parseSigner(peterPrivate.slice(cut)), null);
    strictEqual(parseSigner(peterPrivate.slice(0, -cut)), null);
  }
  for (let at = 0; at < peterPrivate.length; at++) {
    strictEqual(parseSigner(bump(peterPrivate, at)), null);
  }
});

Deno.test("signNote() gives the published signature", () => {
  const signer = parseSigner(peterPrivate);
  ok(signer !== null);
  strictEqual(new TextDecoder().decode(signNote(text, [signer])), `${text}\n${peterLine}`);
  throws(() => signNote("abc", [signer]), RangeError);
  throws(() => signNote("a\tb\n", [signer]), RangeError);
  throws(() => signNote(text, []), RangeError);
});

Deno.test("openNote() lists unknown keys apart and needs one that is known", () => {
  const known = verifiers();
  const both = openNote(encoder.encode(`${text}\n${peterLine}${enochLine}`), known.slice(0, 1));
  ok(both.ok);
  deepStrictEqual(both.signatures, [{ name: "PeterNeumann", keyId: "c74f20a3" }]);
  deepStrictEqual(both.unknown, [{ name: "EnochRoot", keyId: "af0cfe78" }]);
  const all = openNote(encoder.encode(`${text}\n${peterLine}${enochLine}`), known);
  ok(all.ok && all.signatures.length === 2);
  strictEqual(fault(`${text}\n${peterLine}`, []), "no_known_signature");
  // Same name, other id: another key, so it is ignored, not checked.
  strictEqual(fault(`${text}\n${peterLine.replace("x08g", "xxxx")}`, known), "no_known_signature");
  const misnamed = peterLine.replace("PeterNeumann", "Carmen");
  strictEqual(fault(`${text}\n${misnamed}`, known), "no_known_signature");
});

Deno.test("openNote() rejects the whole note for one bad signature of a known key", () => {
  const bad = peterLine.slice(0, 60) + "ABCD" + peterLine.slice(60);
  strictEqual(fault(`${text}\n${bad}`, verifiers()), "bad_signature");
  const flipped = peterLine.replace("ZJku", "ZJkv");
  strictEqual(fault(`${text}\n${enochLine}${flipped}`, verifiers()), "bad_signature");
});

Deno.test("openNote() splits at the last blank line", () => {
  const { signer } = signerOf("split", new Uint8Array(32));
  const inner = `first\n\n${peterLine}`;
  const key = parseVerifier(signer.vkey);
  const opened = openNote(signNote(inner, [signer]), key === null ? [] : [key, ...verifiers()]);
  ok(opened.ok);
  strictEqual(opened.text, inner);
  deepStrictEqual(opened.signatures.map(({ name }) => name), ["split"]);
});

Deno.test("openNote() refuses malformed notes", () => {
  const known = verifiers();
  for (
    const note of [
      "",
      text,
      `${text}\n`,
      `${text}\n${peterLine.slice(0, -1)}`,
      `\u0001${text}\n${peterLine}`,
      `${text}\n— Bad Name ${peterLine.slice(15)}`,
      `${text}\n${peterLine}Unexpected line.\n`,
      `${text}\n${peterLine.replace("AM=", "AN=")}`,
      `${text}\n— PeterNeumann AAAA\n`,
      `${text}\n${peterLine.replace("— ", "- ")}`,
    ]
  ) strictEqual(fault(note, known), "malformed");
  const invalid = new Uint8Array([0xff, ...encoder.encode(`${text}\n${peterLine}`)]);
  deepStrictEqual(openNote(invalid, known), { ok: false, fault: "malformed" });
  const marked = new Uint8Array([0xef, 0xbb, 0xbf, ...encoder.encode(`${text}\n${peterLine}`)]);
  deepStrictEqual(openNote(marked, known), { ok: false, fault: "bad_signature" });
});

Deno.test("openNote() takes 16 signatures and limits their number and the note's size", () => {
  const known = verifiers();
  ok(openNote(encoder.encode(`${text}\n${enochLine.repeat(15)}${peterLine}`), known).ok);
  strictEqual(fault(`${text}\n${peterLine.repeat(33)}`, known), "too_many_signatures");
  strictEqual(fault(`${"a".repeat(200_000)}\n\n${peterLine}`, known), "too_large");
});

Deno.test("openNote() never throws", () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
    ok(!openNote(bytes, verifiers()).ok);
  }));
});

Deno.test("renaming keeps the key and changes its id, the same way for both halves", () => {
  const signer = renameSigner(peterPrivate, "log/2026_11");
  const verifier = renameVerifier(peterKey, "log/2026_11");
  ok(signer !== null && verifier !== null);
  strictEqual(signer.vkey, verifier.vkey);
  ok(openNote(signNote(text, [signer]), [verifier]).ok);
  strictEqual(fault(new TextDecoder().decode(signNote(text, [signer])), verifiers()), noKnown);
  strictEqual(renameVerifier(peterKey, "a b"), null);
  strictEqual(renameSigner("PRIVATE+KEY+x", "a"), null);
  for (const name of ["", "a b", "a+b", "a\u00a0b", "a\nb", "\ud800"]) ok(!isKeyName(name));
});

Deno.test("parseCheckpoint() reads the example of the specification", () => {
  const body = "example.com/behind-the-sofa\n20852163\n" +
    "CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n";
  const checkpoint = parseCheckpoint(body);
  ok(checkpoint !== null);
  strictEqual(checkpoint.size, 20852163);
  strictEqual(formatCheckpoint(checkpoint), body);
  deepStrictEqual(parseCheckpoint(`${body}extension\n`)?.extensions, ["extension"]);
  for (
    const bad of [
      body.slice(0, -1),
      `${body}\n`,
      `\n${body}`,
      body.replace("20852163", "020852163"),
      body.replace("20852163", "+1"),
      body.replace("20852163", "1e3"),
      body.replace("20852163", "9007199254740993"),
      body.replace("20852163", ""),
      body.replace("q2I=", "q2J="),
      body.replace("q2I=", "q2I"),
      body.replace("CsUY", ""),
      "origin\n0\n",
    ]
  ) strictEqual(parseCheckpoint(bad), null);
});

Deno.test("openCheckpoint() takes the log's own checkpoints alone", () => {
  const { signer } = signerOf("log/1", new Uint8Array(32).fill(1));
  const key = parseVerifier(signer.vkey);
  ok(key !== null);
  const root = new Uint8Array(32).fill(2);
  const opened = openCheckpoint(signCheckpoint({ origin: "log/1", size: 3, root }, signer), key);
  deepStrictEqual(opened, { ok: true, checkpoint: { origin: "log/1", size: 3, root } });
  const other = signCheckpoint({ origin: "log/2", size: 3, root }, signer);
  deepStrictEqual(openCheckpoint(other, key), { ok: false, fault: "other_origin" });
  const plain = signNote("hello\n", [signer]);
  deepStrictEqual(openCheckpoint(plain, key), { ok: false, fault: "not_a_checkpoint" });
  throws(() => formatCheckpoint({ origin: "a\nb", size: 1, root }), RangeError);
  throws(() => formatCheckpoint({ origin: "a", size: -1, root }), RangeError);
  throws(() => formatCheckpoint({ origin: "a", size: 1, root: root.subarray(1) }), RangeError);
});

const noKnown = "no_known_signature";
function fault(note: string, known: readonly Verifier[]): NoteFault | null {
  const opened = openNote(encoder.encode(note), known);
  return opened.ok ? null : opened.fault;
}
function verifiers(): Verifier[] {
  return [peter, enoch].filter((key) => key !== null);
}
function bump(key: string, at: number): string {
  return key.slice(0, at) + String.fromCharCode(key.charCodeAt(at) + 1) + key.slice(at + 1);
}
