/** Every operator on every kind of type, in text and in binary; what masking twice does. @module */
import { deepStrictEqual, equal, notEqual, ok } from "node:assert/strict";
import { Buffer } from "node:buffer";
import { createHmac } from "node:crypto";
import fc from "fast-check";
import { maskedForms, textsOf } from "#schemas/detectors/masked_forms.ts";
import type { Operator } from "#schemas/mask_plan.ts";
import { maskingKey } from "./key.ts";
import { constantMask, maskValue } from "./operators.ts";

const key = maskingKey(Buffer.alloc(32, 7), 2026);
const redact = { operator: "redact" } as const;
const hash = { operator: "hash" } as const;
const tokenise = { operator: "tokenise", scope: "default" } as const;
const toYear = { operator: "generalise", to: "year" } as const;
const age90 = { operator: "generalise", to: "age90" } as const;
const zip3 = { operator: "generalise", to: "zip3" } as const;

function text(value: string, typeOid: number, rule: Operator, className = "ssn"): string | null {
  const masked = maskValue(Buffer.from(value), 0, typeOid, rule, className, key);
  return masked === null ? null : Buffer.from(masked).toString();
}

function hex(value: string, typeOid: number, rule: Operator): string | null {
  const masked = maskValue(Buffer.from(value, "hex"), 1, typeOid, rule, "ssn", key);
  return masked === null ? null : Buffer.from(masked).toString("hex");
}

const partial = (first: number, last: number): Operator => ({ operator: "partial", first, last });

Deno.test("maskValue() gives the expected text", () => {
  const cases: [string, number, Operator, string | null][] = [
    ["536-22-1234", 25, redact, "[ssn]"],
    ["536-22-1234", 25, partial(0, 4), "*******1234"],
    ["José Müller", 1043, partial(1, 1), "J*********r"],
    ["abc", 25, partial(2, 2), "*******"],
    ["Ann", 25, partial(1, 1), "A***n"],
    ["", 25, partial(2, 2), "*******"],
    ["\x80abc", 25, { operator: "keep" }, "\x80abc"],
    ["x", 25, { operator: "null" }, null],
    ["42", 23, redact, "0"],
    ["42", 23, partial(0, 1), "0"],
    ["1.50", 1700, redact, "0"],
    ["1.5", 701, redact, "0"],
    ["t", 16, redact, "f"],
    ["1961-07-04", 1082, redact, "0001-01-01"],
    ["1961-07-04", 1082, toYear, "1961-01-01"],
    ["1930-07-04", 1082, toYear, "1936-01-01"],
    ["0044-03-15 BC", 1082, redact, "0001-01-01"],
    ["07/04/1961", 1082, toYear, null],
    ["1961-07-04 10:11:12.123", 1114, toYear, "1961-01-01 00:00:00"],
    ["1961-12-31 22:00:00-05", 1184, toYear, "1962-01-01 12:00:00+00"],
    ["1961-07-04 10:11:12+05:30", 1184, redact, "0001-01-01 12:00:00+00"],
    ["1961-07-04", 25, toYear, "1961-01-01"],
    ["07/04/1961", 25, toYear, "01/01/1961"],
    ["4 July", 25, toYear, "[ssn]"],
    ["10:11:12", 1083, redact, "00:00:00"],
    ["3 years", 1186, redact, "00:00:00"],
    ["97", 23, age90, "90"],
    ["97", 25, age90, "90+"],
    ["45", 25, age90, "45"],
    ["born 1920", 25, age90, "[ssn]"],
    ["97.5", 1700, age90, "90"],
    ["02139", 25, zip3, "021**"],
    ["02139-4307", 25, zip3, "021**"],
    ["03601", 25, zip3, "000**"],
    ["2139", 23, zip3, "2100"],
    ["Boston", 25, zip3, "[ssn]"],
    ['{"a":1}', 114, redact, '"[ssn]"'],
    ["<a/>", 142, redact, "<masked>[ssn]</masked>"],
    ["\\x00ff", 17, redact, "\\x5b73736e5d"],
    ["'cat':1", 3614, redact, "'[ssn]'"],
    ["10.1.2.3", 869, redact, "0.0.0.0"],
    ["08:00:2b:01:02:03", 829, redact, "00:00:00:00:00:00"],
    ["$12.00", 790, redact, "$0.00"],
    ['{536-22-1234,NULL,"a,b"}', 1009, redact, '{"[ssn]",NULL,"[ssn]"}'],
    ["[0:1]={{1,2},{3,4}}", 1007, redact, "[0:1]={{0,0},{0,0}}"],
    ["{}", 1009, redact, "{}"],
    ["{a", 1009, redact, null],
    ["{a}x", 1009, redact, null],
    ["{{a}", 1009, redact, null],
    ['{"a}', 1009, redact, null],
    ["a", 1009, redact, null],
    ["whatever", 99_999, redact, null],
    ["whatever", 0, tokenise, null],
    ["no number", 23, tokenise, null],
  ];
  for (const [value, typeOid, rule, expected] of cases) {
    equal(text(value, typeOid, rule), expected, `${value} of type ${typeOid}`);
  }
});

Deno.test("maskValue() gives the expected binary", () => {
  const cases: [string, number, Operator, string | null][] = [
    ["0000002a", 23, redact, "00000000"],
    ["002a", 21, redact, "0000"],
    ["000000000000002a", 20, redact, "0000000000000000"],
    ["3ff0000000000000", 701, redact, "0000000000000000"],
    ["01", 16, redact, "00"],
    ["00000000", 1082, redact, "fff4dbf9"],
    ["0000002a", 1082, toYear, "00000000"],
    ["017b7d", 3802, redact, "01225b73736e5d22"],
    ["027b7d", 3802, hash, null],
    ["00ff", 17, redact, "5b73736e5d"],
    ["0002200400000000", 869, redact, "0220000400000000"],
    ["ffff", 23, hash, null],
    ["ffff", 23, age90, null],
    ["ffff", 2950, tokenise, null],
    ["0001000000000000002a", 1700, redact, "0000000000000000"],
  ];
  for (const [value, typeOid, rule, expected] of cases) {
    equal(hex(value, typeOid, rule), expected, `${value} of type ${typeOid}`);
  }
});

Deno.test("maskValue() gives text and binary of one value the same token", () => {
  const int4 = Buffer.from(hex("0000002a", 23, tokenise) ?? "", "hex").readInt32BE();
  equal(text("42", 23, tokenise), String(int4));
  equal(text("42", 20, tokenise), String(int4));
  equal(text("42.00", 1700, tokenise), String(int4));
  const numeric = hex("0001000000000000002a", 1700, tokenise);
  equal(numeric, hex("0001000000000002002a", 1700, tokenise));
  const day = Buffer.from(hex("00000000", 1082, hash) ?? "", "hex").readInt32BE();
  const iso = new Date(Date.UTC(2000, 0, 1) + day * 86_400_000).toISOString().slice(0, 10);
  equal(text("2000-01-01", 1082, hash), iso);
  ok(Number(iso.slice(0, 4)) >= 5000);
  const uuid = text("6f9619ff-8b86-d011-b42d-00c04fc964ff", 2950, tokenise) ?? "";
  ok(/^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/.test(uuid));
  equal(hex("6f9619ff8b86d011b42d00c04fc964ff", 2950, tokenise), uuid.replaceAll("-", ""));
});

Deno.test("maskValue() generalises every date to its year, those of ages above 89 to one", () => {
  for (let year = 1; year <= 9999; year += 7) {
    const shown = String(year).padStart(4, "0");
    const expected = year < 1937 ? "1936-01-01" : `${shown}-01-01`;
    for (const rest of ["01-01", "02-29", "12-31"]) {
      for (const typeOid of [1082, 25]) equal(text(`${shown}-${rest}`, typeOid, toYear), expected);
    }
  }
  for (const value of ["1961-07-4x", "1961-7-04x", "196I-07-04", "1961/07/04", "1961-07-04x", ""]) {
    equal(text(value, 1082, toYear), null, value);
    equal(text(value, 25, toYear), "[ssn]", value);
  }
});

Deno.test("maskValue() keeps tokens of different scopes and classes apart", () => {
  const plain = text("536-22-1234", 25, tokenise);
  ok(/^tok_ssn_[a-z2-7]{24}$/.test(plain ?? ""));
  const other = text("536-22-1234", 25, { operator: "tokenise", scope: "study" });
  notEqual(other, plain);
  notEqual(text("536-22-1234", 25, tokenise, "mrn")?.slice(-24), plain?.slice(-24));
  equal(text("536-22-1234  ", 1042, tokenise), plain);
});

Deno.test("maskValue() permutes integers: no two share a token", () => {
  const seen = new Set<string | null>();
  for (let id = 0; id < 5000; id++) seen.add(text(String(id), 23, tokenise));
  for (let id = 0; id < 5000; id++) seen.add(text(String(id + 2 ** 40), 20, tokenise));
  equal(seen.size, 10_000);
  const small = new Set<string | null>();
  for (let id = -300; id < 300; id++) small.add(text(String(id), 21, tokenise));
  equal(small.size, 600);
});

Deno.test("maskValue() masks a look-alike of a token that its key did not make", () => {
  const fake = `tok_ssn_${"a".repeat(24)}`;
  notEqual(text(fake, 25, tokenise), fake);
  notEqual(text(`hmac:${"0".repeat(32)}`, 25, hash), `hmac:${"0".repeat(32)}`);
});

Deno.test("maskValue() makes tokens and hashes of HMAC-SHA-256, as the platform computes it", () => {
  const label = (parts: string[]) => parts.map((part) => `${part.length}:${part}`).join("");
  const tagOf = (purpose: string, scope: string, value: string) => {
    const parts = ["sallyport masking 1", purpose, "ssn", scope, "text"];
    const derived = createHmac("sha256", Buffer.alloc(32, 7)).update(label(parts)).digest();
    return createHmac("sha256", derived).update(value).digest();
  };
  for (const value of ["", "536-22-1234", "x".repeat(55), "x".repeat(56), "ü".repeat(500)]) {
    const hashed = text(value, 25, hash) ?? "";
    ok(hashed.startsWith(`hmac:${tagOf("hash", "", value).toString("hex").slice(0, 24)}`));
    equal(hashed.length, 5 + 32);
    const bits = BigInt(`0x${tagOf("tokenise", "default", value).toString("hex", 0, 11)}`);
    const digits = (text(value, 25, tokenise) ?? "").slice("tok_ssn_".length, -7);
    const written = [...digits].map((digit) => "abcdefghijklmnopqrstuvwxyz234567".indexOf(digit));
    // Seventeen digits are 85 of the 88 bits.
    equal(written.reduce((sum, digit) => sum << 5n | BigInt(digit), 0n), bits >> 3n);
  }
});

Deno.test("maskValue() gives each element of an array the marker it has alone", () => {
  for (const rule of [tokenise, hash]) {
    const alone = ["a", "b", "a"].map((value) => text(value, 25, rule));
    ok(alone[0] !== alone[1]);
    equal(text("{a,b,a}", 1009, rule)?.replaceAll('"', ""), `{${alone.join(",")}}`);
  }
});

Deno.test("maskValue() leaves a marker of its own key alone, and no other of that shape", () => {
  const other = maskingKey(Buffer.alloc(32, 8), 2026);
  for (const rule of [tokenise, hash]) {
    const own = text("536-22-1234", 25, rule) ?? "";
    equal(text(own, 25, rule), own);
    const made = maskValue(Buffer.from("536-22-1234"), 0, 25, rule, "ssn", other);
    const foreign = Buffer.from(made ?? []).toString();
    equal(foreign.length, own.length);
    notEqual(text(foreign, 25, rule), foreign);
    for (let at = own.length - 24; at < own.length; at++) {
      const changed = own.slice(0, at) + (own[at] === "a" ? "b" : "a") + own.slice(at + 1);
      notEqual(text(changed, 25, rule), changed, `character ${at}`);
    }
  }
});

const rules = [redact, hash, tokenise, toYear, age90, zip3, partial(2, 3), partial(0, 0)];
const textTypes = [25, 1043, 1042, 114, 142, 1009];

Deno.test("maskValue() twice is maskValue() once, on text", () => {
  fc.assert(
    fc.property(fc.string(), fc.constantFrom(...rules), (value, rule) => {
      for (const typeOid of textTypes) {
        const input = typeOid === 1009 ? `{${JSON.stringify(value)}}` : value;
        const once = text(input, typeOid, rule);
        equal(once === null ? null : text(once, typeOid, rule), once, `type ${typeOid}`);
      }
    }),
    { seed: 20_261_121 },
  );
});

Deno.test("maskValue() never throws and never gives the value of a protected text", () => {
  const types = [16, 17, 18, 20, 23, 25, 114, 142, 700, 701, 790, 829, 869, 1007, 1009, 1082];
  const more = [1114, 1184, 1186, 1231, 1266, 1700, 2950, 3614, 3802, 3807, 0, 12_345];
  const secret = "Zebulon-Quagmire";
  fc.assert(
    fc.property(
      fc.uint8Array({ maxLength: 40 }),
      fc.constantFrom(...types, ...more),
      fc.constantFrom(...rules.slice(0, 6)),
      fc.constantFrom<0 | 1>(0, 1),
      (bytes, typeOid, rule, format) => {
        maskValue(bytes, format, typeOid, rule, "ssn", key);
        const masked = maskValue(Buffer.from(secret), format, typeOid, rule, "ssn", key);
        ok(masked === null || !Buffer.from(masked).includes("Zebulon"));
        equal(maskValue(null, format, typeOid, rule, "ssn", key), null);
      },
    ),
    { seed: 20_261_121 },
  );
});

Deno.test("constantMask() is what valueMasker() gives for any value, or undefined", () => {
  const types = [16, 17, 18, 20, 21, 23, 25, 26, 114, 142, 650, 700, 701, 774, 790, 829, 869];
  const more = [1042, 1082, 1083, 1114, 1184, 1186, 1266, 1700, 2950, 3614, 3802, 1009, 0];
  for (const typeOid of [...types, ...more]) {
    for (const format of [0, 1] as const) {
      for (const rule of [redact, partial(0, 2), hash, toYear]) {
        const constant = constantMask(format, typeOid, rule, "ssn", key);
        if (constant === undefined) continue;
        const values = ["", "a", "12", "{}"].map((value) => Buffer.from(value));
        for (const value of values) {
          const given = maskValue(value, format, typeOid, rule, "ssn", key);
          deepStrictEqual(given, constant, `type ${typeOid}, ${rule.operator}`);
        }
        ok(constant !== null || typeOid === 0, `type ${typeOid} has a masked value`);
      }
    }
  }
});

Deno.test("what every operator makes of what can carry a mark is known when it is written back", () => {
  const marked = [25, 1043, 114, 3802, 142, 17, 3614, 1009, 199, 3807, 1001];
  const typed = [1082, 1114, 1184, 2950, 869, 650, 829, 774];
  const values: Readonly<Record<number, string>> = {
    114: '"536-22-1234"',
    142: "<a>536</a>",
    17: "\\x353336",
    3614: "'536':1",
    1009: '{536-22-1234,"a,b"}',
    199: '{"\\"536\\""}',
    3802: '{"a":1}',
    3807: '{"\\"536\\""}',
    1001: '{"\\\\x353336"}',
    1082: "1961-07-04",
    1114: "1961-07-04 10:11:12",
    1184: "1961-07-04 10:11:12+00",
    2950: "1b4e28ba-2fa1-41d2-883f-0016d3cca427",
    869: "10.1.2.3",
    650: "10.0.0.0/8",
    829: "08:00:2b:01:02:03",
    774: "08:00:2b:01:02:03:04:05",
  };
  for (const rule of [redact, hash, tokenise, age90, zip3, partial(0, 4), partial(2, 1), toYear]) {
    const forms = maskedForms({ ssn: { mask: rule, detectors: [] } });
    for (const typeOid of [...marked, ...typed]) {
      // The first of a year is a date like any other.
      if (rule === toYear && typed.includes(typeOid)) continue;
      const written = text(values[typeOid] ?? "536-22-1234", typeOid, rule) ?? "";
      ok(forms.isMasked(written, ["ssn"]), `${rule.operator} of ${typeOid}: ${written}`);
    }
  }
});

Deno.test("a marker in a binary value is known when it is written back", () => {
  fc.assert(
    fc.property(
      fc.constantFrom<Operator>(redact, hash, tokenise, partial(1, 2)),
      fc.constantFrom(25, 1043, 17, 114, 3802, 142, 3614),
      fc.string({ maxLength: 40 }).filter((value) => !value.includes("\0")),
      fc.boolean(),
      (rule, typeOid, value, inArray) => {
        const forms = maskedForms({ ssn: { mask: rule, detectors: [] } });
        const raw = Buffer.from(typeOid === 3802 ? `\x01${value}` : value);
        const element = maskValue(raw, 1, typeOid, rule, "ssn", key) ?? raw;
        const sent = inArray ? arrayOf(Buffer.from(element), typeOid) : element;
        ok(
          textsOf(sent, 1).some((one) => forms.isMasked(one, ["ssn"])),
          `${rule.operator} ${value}`,
        );
      },
    ),
    {
      examples: [
        [partial(1, 2), 25, "    ", false],
        [partial(1, 2), 25, "[bcdefg", false],
        [partial(1, 2), 25, "abcd)}", false],
        [partial(1, 2), 25, "{bcd ]", true],
      ],
    },
  );
});

/** An array of NULL and one element, as `array_send` writes it. */
function arrayOf(element: Buffer, typeOid: number): Buffer {
  const head = Buffer.alloc(28);
  [1, 1, typeOid, 2, 1, -1, element.length].forEach((word, at) => head.writeInt32BE(word, at * 4));
  return Buffer.concat([head, element]);
}
