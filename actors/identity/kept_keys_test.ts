import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { createHash } from "node:crypto";
import type { IdentityClaims } from "#schemas/identity.ts";
import { keptKeys } from "./kept_keys.ts";
import { memoryFile } from "./testing.ts";

const now = 1_800_000_000;
const limits = { keysMax: 10, keysPerPersonMax: 8, keyLinesMax: 4, keyCharsMax: 10_000 };
const seal = (text: string) => createHash("sha256").update(`key ${text}`).digest("hex");
const print = (letter: string) => `SHA256:${letter.repeat(43)}`;

Deno.test("keptKeys() knows after a restart what was registered before, until it expires", () => {
  const file = memoryFile();
  const before = keptKeys(file, limits, seal, now);
  strictEqual(before.add(print("a"), "lab", keyOf("ada", 60), now), "added");
  const after = keptKeys(file, limits, seal, now + 59);
  deepStrictEqual(after.find(print("a"), "lab", now + 59), keyOf("ada", 60));
  strictEqual(after.find(print("a"), "other", now + 59), null);
  strictEqual(after.find(print("a"), "lab", now + 60), null);
  strictEqual(after.add(print("a"), "lab", keyOf("eve", 60), now + 59), "taken");
  strictEqual(keptKeys(file, limits, seal, now + 60).find(print("a"), "lab", now + 60), null);
  deepStrictEqual(file.lines, []);
});

Deno.test("keptKeys() believes no line that identity did not seal", () => {
  const file = memoryFile();
  keptKeys(file, limits, seal, now).add(print("a"), "lab", keyOf("ada", 60), now);
  const [line = ""] = file.lines;
  const foreign = keptKeys(memoryFile([line]), limits, (text) => `other ${text}`, now);
  strictEqual(foreign.find(print("a"), "lab", now), null);
  for (const forged of [line.replace("ada", "eve"), line.replace("lab", "ehr"), "{}", "", "[1"]) {
    const kept = keptKeys(memoryFile([forged, line]), limits, seal, now);
    strictEqual(kept.find(print("a"), "ehr", now), null);
    // What stands beside it is kept.
    deepStrictEqual(kept.find(print("a"), "lab", now), keyOf("ada", 60));
  }
});

Deno.test("keptKeys() seals anew what it keeps when identity takes another key", () => {
  const file = memoryFile();
  let word = "old";
  const changing = (text: string) => seal(`${word} ${text}`);
  const before = keptKeys(file, limits, changing, now);
  before.add(print("a"), "lab", keyOf("ada", 60), now);
  word = "new";
  before.reseal(now);
  const after = keptKeys(file, limits, changing, now);
  deepStrictEqual(after.find(print("a"), "lab", now), keyOf("ada", 60));
});

Deno.test("keptKeys() keeps its file within its limits", () => {
  const file = memoryFile();
  const kept = keptKeys(file, limits, seal, now);
  for (let turn = 0; turn < 30; turn++) {
    strictEqual(kept.add(print("a"), "lab", keyOf("ada", 60 + turn), now), "added");
    ok(file.lines.length <= limits.keyLinesMax);
  }
  for (const letter of "bcdefg") kept.add(print(letter), "lab", keyOf(letter, 60), now);
  ok(file.lines.length <= limits.keyLinesMax);
  const narrow = keptKeys(memoryFile(), { ...limits, keyCharsMax: 10 }, seal, now);
  strictEqual(narrow.add(print("a"), "lab", keyOf("ada", 60), now), "added");
  deepStrictEqual(narrow.find(print("a"), "lab", now), keyOf("ada", 60));
});

Deno.test("keptKeys() registers what it cannot write, and writes it later", () => {
  const file = memoryFile();
  const kept = keptKeys(file, limits, seal, now);
  file.full = true;
  strictEqual(kept.add(print("a"), "lab", keyOf("ada", 60), now), "added");
  ok(kept.find(print("a"), "lab", now) !== null);
  file.full = false;
  kept.add(print("b"), "lab", keyOf("ada", 60), now);
  const after = keptKeys(file, limits, seal, now);
  ok(after.find(print("a"), "lab", now) !== null && after.find(print("b"), "lab", now) !== null);
});

function keyOf(sub: string, lastsSeconds: number) {
  const claims: IdentityClaims = {
    iss: "sallyport/test",
    sub,
    aud: "sallyport:edge",
    jti: "j1",
    iat: now,
    exp: now + lastsSeconds,
    connection: "lab",
    session: null,
    approval: null,
    groups: ["clinical-agents"],
    purpose_of_use: "TREAT",
    name: sub,
    org_iss: "https://id.example.org",
  };
  return { claims, jti: null };
}
