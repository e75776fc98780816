/** The bytes of NATS messages, without a server. */
import assert from "node:assert/strict";
import fc from "fast-check";
import { BusError } from "#actors/_kit/bus.ts";
import {
  allowsSubject,
  contentOf,
  encodeStoredHeaders,
  matchesSubject,
  parseDeliverySubject,
  parseHeaders,
  parseOwnHeaders,
  parsePublishAnswer,
  pinOf,
} from "#actors/_kit/nats_wire.ts";

const stream = "AUDIT_2026_11";

function bytes(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

const name = fc.stringMatching(/^[A-Za-z0-9][A-Za-z0-9-]{0,20}$/)
  .filter((text) => !/^nats-/i.test(text));
const value = fc.stringMatching(/^[\x20-\x7e]{0,40}$/);

Deno.test("headers that were encoded parse to what was given, whatever the conditions", () => {
  fc.assert(
    fc.property(
      fc.uniqueArray(fc.tuple(name, value), { selector: ([one]) => one }),
      fc.option(fc.nat(), { nil: undefined }),
      (pairs, expected) => {
        const conditions = expected === undefined
          ? { stream }
          : { stream, messageId: "m", expectedLastSubjectSequence: expected };
        const encoded = encodeStoredHeaders(new Map(pairs), conditions);
        assert.deepEqual([...parseOwnHeaders(encoded) ?? []], pairs);
        const parsed = parseHeaders(encoded);
        assert.deepEqual([...parsed.own], pairs);
        assert.ok(parsed.wellFormed);
        assert.equal(parsed.server.get("Nats-Expected-Stream"), stream);
        assert.equal(parsed.server.get("Nats-Msg-Id"), conditions.messageId);
      },
    ),
  );
});

Deno.test("no header name or value can add a line or a name the server obeys", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), fc.string({ unit: "binary" }), (one, other) => {
      let encoded: Uint8Array;
      try {
        encoded = encodeStoredHeaders(new Map([[one, other]]), { stream });
      } catch (error) {
        assert.ok(error instanceof BusError && error.code === "refused");
        return;
      }
      const lines = new TextDecoder().decode(encoded).split("\r\n");
      assert.equal(lines.length, 5);
      assert.ok(!/^nats-/i.test(lines[2] ?? ""));
    }),
  );
});

Deno.test("parsers of headers, answers and delivery subjects never throw", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), fc.string(), (any, text) => {
      parseHeaders(any);
      parseOwnHeaders(any);
      parseHeaders(bytes(`NATS/1.0\r\n${text}\r\n\r\n`));
      parseOwnHeaders(bytes(`NATS/1.0\r\n${text}\r\n\r\n`));
      parsePublishAnswer(any);
      parsePublishAnswer(bytes(text));
      parseDeliverySubject(text, stream, "authz-0");
    }),
  );
});

Deno.test("pinOf() reads what the server added, not what a publisher wrote", () => {
  const own = "NATS/1.0\r\nSallyport-Frame: 1\r\nNats-Pin-Id: forged\r\n";
  assert.equal(pinOf(bytes(`${own}Nats-Pin-Id: Xa7\r\n\r\n`)), "Xa7");
  assert.equal(pinOf(bytes("NATS/1.0\r\nSallyport-Frame: Nats-Pin-Id: a\r\n\r\n")), null);
  assert.equal(pinOf(null), null);
});

Deno.test("a stored copy of a server's answer is hollow", () => {
  const own = "NATS/1.0\r\nSallyport-Frame: 1\r\nNats-Expected-Stream: S\r\n";
  const payload = bytes("x");
  assert.equal(contentOf(bytes(`${own}\r\n`), payload).payload.length, 1);
  assert.equal(contentOf(null, payload).payload.length, 1);
  for (
    const added of [
      "Nats-Subject: audit.a\r\n",
      "Nats-Stream: S\r\n",
      "Nats-Sequence: 1\r\n",
      "Nats-Time-Stamp: t\r\n",
      "Sallyport-Frame: 2\r\n",
      "no header\r\n",
    ]
  ) {
    const { headers, payload: left } = contentOf(bytes(`${own}${added}\r\n`), payload);
    assert.equal(headers.size, 0, added);
    assert.equal(left.length, 0, added);
  }
});

Deno.test("parsePublishAnswer() reads the plain answer, and nothing else as one", () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }), (sequence) => {
      for (
        const plain of [
          `{"stream":"${stream}", "seq":${sequence}}`,
          `{"stream":"${stream}","seq":${sequence}}`,
          `{"stream":"${stream}","seq":${sequence},"domain":"hub"}`,
        ]
      ) {
        assert.deepEqual(parsePublishAnswer(bytes(plain)), { sequence, duplicate: false });
      }
      const twice = `{"stream":"${stream}","seq":${sequence},"duplicate": true}`;
      assert.deepEqual(parsePublishAnswer(bytes(twice)), { sequence, duplicate: true });
      const error =
        `{"error":{"code":400,"err_code":10071,"description":"d"},"stream":"S","seq":${sequence}}`;
      const answer = parsePublishAnswer(bytes(error));
      assert.ok(answer instanceof BusError && answer.code === "wrong_sequence");
    }),
  );
  for (const odd of ["", "{}", "[]", `{"stream":"S","seq":0}`, `{"stream":"S","seq":-1}`]) {
    assert.ok(parsePublishAnswer(bytes(odd)) instanceof BusError, odd);
  }
});

Deno.test("parsePublishAnswer() names the server's refusals", () => {
  const cases = [
    [400, 10071, "wrong_sequence"],
    [503, 10077, "storage_full"],
    [503, 10023, "storage_full"],
    [400, 10054, "too_large"],
    [400, 10060, "refused"],
    [503, 10008, "unavailable"],
    [429, 10167, "unavailable"],
    [408, 1, "timeout"],
  ] as const;
  for (const [code, detail, expected] of cases) {
    const text = JSON.stringify({ error: { code, "err_code": detail }, stream: "S", seq: 0 });
    const answer = parsePublishAnswer(bytes(text));
    assert.ok(answer instanceof BusError);
    assert.equal(answer.code, expected, `${detail}`);
  }
});

Deno.test("parseDeliverySubject() reads both forms, of this consumer only", () => {
  const tail = "2.7.9.1795231531649123456.3";
  const expected = {
    deliveries: 2,
    sequence: 7,
    consumerSequence: 9,
    timeMs: 1_795_231_531_649,
    pending: 3,
  };
  for (const subject of [`$JS.ACK.S.C.${tail}`, `$JS.ACK.hub.acc.S.C.${tail}`]) {
    assert.deepEqual(parseDeliverySubject(subject, "S", "C"), expected);
    assert.equal(parseDeliverySubject(subject, "S", "D"), null);
    assert.equal(parseDeliverySubject(subject, "T", "C"), null);
  }
  assert.equal(parseDeliverySubject(`$JS.API.S.C.${tail}`, "S", "C"), null);
});

Deno.test("matchesSubject() and allowsSubject() follow the rules of wildcards", () => {
  const cases = [
    ["a.b", "a.b", true],
    ["a.*", "a.b", true],
    ["a.*", "a.b.c", false],
    ["a.*", "a", false],
    ["a.>", "a.b.c", true],
    ["a.>", "a", false],
    ["*.b", "a.c", false],
    [">", "a", true],
  ] as const;
  for (const [pattern, subject, expected] of cases) {
    assert.equal(matchesSubject(pattern, subject), expected, `${pattern} ${subject}`);
  }
  assert.ok(!allowsSubject(["a.*"], "a.>"));
  assert.ok(!allowsSubject(["a.b.>"], "a.>"));
  assert.ok(allowsSubject(["a.>"], "a.*"));
  assert.ok(allowsSubject(["a.*.c"], "a.*.c"));
  assert.ok(!allowsSubject(["a.b.c"], "a.*.c"));
  assert.ok(!allowsSubject([], "a"));
  assert.ok(allowsSubject(undefined, "a"));
});
