/** What detectors find, what they leave alone, and that they stay in bounds. @module */
import { deepStrictEqual, equal, ok } from "node:assert/strict";
import fc from "fast-check";
import { detect, type DetectorClasses, maskDetected } from "./detect.ts";

const classes: DetectorClasses = {
  email: "email",
  phone: "phone",
  ssn: "ssn",
  card: "card",
  mrn: "mrn",
};
const utf8 = new TextEncoder();
const textOf = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
const detection = { classes, findsMax: 20 };

function masked(text: string, form: "text" | "json" = "text", findsMax = 20): string {
  const bytes = maskDetected(utf8.encode(text), form, { classes, findsMax }, () => {});
  return textOf(bytes);
}

Deno.test("detect() finds identifiers as they are written", () => {
  const cases: [string, string][] = [
    ["SSN 536-22-1234.", "SSN [ssn]."],
    ["536 22 1234", "[ssn]"],
    ["536.22.1234", "[ssn]"],
    ["536\u201122\u20111234", "[ssn]"],
    ["536\u00a022\u00a01234", "[ssn]"],
    ["536 - 22 - 1234", "[ssn]"],
    ["ssn:536221234,", "ssn:[ssn],"],
    ["Social Security number is 536221234", "Social Security number is [ssn]"],
    ["ID-536-22-1234", "ID-[ssn]"],
    ["ITIN 912-70-1234", "ITIN [ssn]"],
    ["form lists SSN 912-12-1234.", "form lists SSN [ssn]."],
    ["SSN: 000-12-1234", "SSN: [ssn]"],
    ["536-22-1234 537-33-4321", "[ssn] [ssn]"],
    ["病人536-22-1234号", "病人[ssn]号"],
    ["line\\n536-22-1234", "line\\n[ssn]"],
    ["scan_536-22-1234_ct.dcm", "scan_[ssn]_ct.dcm"],
    ["SSN536-22-1234x", "SSN[ssn]x"],
    ["415-555-2671", "[phone]"],
    ["(415) 555-2671", "[phone]"],
    ["(415)555-2671 now", "[phone] now"],
    ["415.555.2671", "[phone]"],
    ["415 555 2671", "[phone]"],
    ["415/555-2671", "[phone]"],
    ["4155552671", "[phone]"],
    ["14155552671", "[phone]"],
    ["1-415-555-2671", "[phone]"],
    ["+1 (415) 555-2671", "[phone]"],
    ["+14155552671", "[phone]"],
    ["+44 20 7946 0958", "[phone]"],
    ["+442079460958", "[phone]"],
    ["+49 (89) 1234-5678", "[phone]"],
    ["415-555-2671 x45", "[phone]"],
    ["415-555-2671x45", "[phone]"],
    ["415-555-2671 ext. 4512, room 3", "[phone], room 3"],
    ["Room 12 415-555-2671", "Room 12 [phone]"],
    ["123-456-7890", "[phone]"],
    ["4111111111111111", "[card]"],
    ["4111 1111 1111 1111", "[card]"],
    ["4111-1111-1111-1111 12/26", "[card] 12/26"],
    ["3782 822463 10005", "[card]"],
    ["2223003122003222", "[card]"],
    ["6011000990139424", "[card]"],
    ["MRN 1234567", "MRN [mrn]"],
    ["MRN: 1234567", "MRN: [mrn]"],
    ["mrn#12345", "mrn#[mrn]"],
    ["MRN-0012345678", "MRN-[mrn]"],
    ["MRN1234567", "MRN[mrn]"],
    ["MRN: AB123456", "MRN: [mrn]"],
    ["Medical Record Number: 12345678", "Medical Record Number: [mrn]"],
    ['"medical_record_no":"12345678"', '"medical_record_no":"[mrn]"'],
    // Colours as cat -v, less and JSON show them.
    ["MRN ^[[1mMRN-00100007^[[0m", "MRN ^[[1mMRN-[mrn]^[[0m"],
    ["MRN \\033[1;31m0012345\\033[0m,", "MRN \\033[1;31m[mrn]\\033[0m,"],
    ["MRN: ESC[7mAB123456ESC[27m", "MRN: ESC[7m[mrn]ESC[27m"],
    ["SSN ESC[1m906-21-5773ESC[0m", "SSN ESC[1m[ssn]ESC[0m"],
    ["SSN ^[[m^[[1m536221234^[[0m", "SSN ^[[m^[[1m[ssn]^[[0m"],
    ["tel \\u001b[38;5;9m415-555-2671\\u001b[0m", "tel \\u001b[38;5;9m[phone]\\u001b[0m"],
    ["tel \\x1b[1m4155552671ESC[0m", "tel \\x1b[1m[phone]ESC[0m"],
    ["\\e[1m4111111111111111\\e[0m", "\\e[1m[card]\\e[0m"],
    ["write to jo.doe+x@mail.example.org.", "write to [email]."],
    ["<a@b.co>", "<[email]>"],
    ["josé@exämple.com", "[email]"],
    ["john123@x.com", "[email]"],
    ["4155552671@vtext.com", "[email]"],
    ["a@b.com,c@d.org", "[email],[email]"],
    ["x\\na@b.com", "x\\n[email]"],
  ];
  for (const [text, expected] of cases) equal(masked(text), expected, text);
});

Deno.test("detect() leaves alone what only looks like an identifier", () => {
  const cases = [
    "2024-01-15",
    "01/15/2024",
    "2024-01-15T10:30:00.123456Z",
    "2024-01-15 10:30:00-05:00",
    "20240115103000",
    "1705314600",
    "1705314600000",
    "550e8400-e29b-41d4-a716-446655440000",
    "12345678-1234-4234-8234-123456789012",
    "192.168.100.200",
    "10.0.0.1:5432",
    "2001:db8:85a3::8a2e:370:7334",
    "v1.2.3",
    "415.555.26711",
    "3.14159265358979",
    "1234567890.55",
    "4155552671.50",
    "-0.4155552671",
    "1,234,567,890",
    "$4,155,552,671.00",
    "000-12-3456",
    "666-12-3456",
    "900-12-3456",
    "536-00-1234",
    "536-22-0000",
    "078-05-1120",
    "219-09-9999",
    "111-11-1111",
    "536-22 1234",
    "536-22-12345",
    "12-536-22-1234",
    "536221234",
    "4111111111111112",
    "1234567890123456",
    "411111111111111111111111111111",
    "A4155552671",
    "A536 22 1234",
    "4155552671B",
    "1155552671",
    "911 555 2671",
    "415 155 2671",
    "555-2671",
    "ISBN 978-3-16-148410-0",
    "NDC 0002-8215-01",
    "E11.9 I10 Z79.4",
    "02139-4307",
    "MRN 1234",
    "MRN pending, 1234567 units",
    "room 1234567",
    "user@localhost",
    "@handle",
    "a @ b.com",
    "5 @ 3.50",
    "+0530",
    "1+4155552671000",
    "120/80 mmHg, HR 72, T 98.6",
    "",
  ];
  for (const text of cases) equal(masked(text), text);
});

Deno.test("maskDetected() keeps JSON what it is", () => {
  const cases: [string, unknown][] = [
    ['{"p":"415-555-2671"}', { p: "[phone]" }],
    ['{"p":4155552671}', { p: "[phone]" }],
    ["[4155552671, 4111111111111111]", ["[phone]", "[card]"]],
    ['{"a@b.com":1,"n":"x\\"415-555-2671"}', { "[email]": 1, n: 'x"[phone]' }],
    ["-4155552671", "[phone]"],
    ['"line\\n536-22-1234"', "line\n[ssn]"],
  ];
  for (const [text, expected] of cases) {
    deepStrictEqual(JSON.parse(masked(text, "json")), expected, text);
  }
});

Deno.test("maskDetected() gives out nothing behind the last find that it may make", () => {
  const text = "a@b.com c@d.com secret@e.com";
  equal(masked(text, "text", 2), "[email] [email]");
  equal(masked(JSON.stringify([text]), "json", 2), '"[email]"');
  equal(masked('{"a":"a@b.com"}', "json", 1), '"[email]"');
});

Deno.test("maskDetected() gives the very same bytes when it finds nothing", () => {
  const bytes = utf8.encode("no 1 at 2024-01-15");
  ok(maskDetected(bytes, "text", detection, () => {}) === bytes);
});

Deno.test("detect() gives ordered finds apart, for any bytes", () => {
  const piece = fc.constantFrom(
    ...["415-555-2671", "a@b.com", "536-22-1234", " ", "-", "1", "@", "MRN 12345", "x", "(", "+"],
  );
  fc.assert(
    fc.property(
      fc.oneof(
        fc.uint8Array({ maxLength: 80 }),
        fc.array(piece, { maxLength: 12 }).map((pieces) => utf8.encode(pieces.join(""))),
      ),
      (bytes) => {
        let floor = 0;
        for (const { start, end } of detect(bytes, detection)) {
          ok(start >= floor && end > start && end <= bytes.length);
          floor = end;
        }
        const once = maskDetected(bytes, "text", detection, () => {});
        const twice = maskDetected(once, "text", detection, () => {});
        deepStrictEqual(twice, once);
      },
    ),
    { seed: 20_261_121 },
  );
});

Deno.test("detect() finds a planted identifier among any words", () => {
  const planted = fc.constantFrom(
    "536-22-1234",
    "(415) 555-2671",
    "a.b@c.org",
    "4111 1111 1111 1111",
  );
  const words = fc.array(fc.constantFrom("seen", "on", "ward", "é", "note:", "—", "…", '"'));
  fc.assert(
    fc.property(words, planted, words, (before, secret, after) => {
      const text = [...before, secret, ...after].join(" ");
      ok(!masked(text).includes(secret), text);
    }),
    { seed: 20_261_121 },
  );
});
