import { deepStrictEqual, notDeepStrictEqual, strictEqual } from "node:assert/strict";
import { pbkdf2Sync } from "node:crypto";
import { saltedPassword, saltedPasswordsMax } from "./salted_password.ts";

const bytes = (text: string) => new TextEncoder().encode(text);

Deno.test("a salted password is that of its password, salt and iterations, asked for again too", () => {
  const asked = [
    ["pencil", "salt", 2],
    ["pencil", "salt", 3],
    ["pencil", "sal", 2],
    ["tpencil", "sal", 2],
    ["pencils", "salt", 2],
    ["pencil", "salt", 2],
  ] as const;
  for (const [password, salt, iterations] of asked) {
    const expected = pbkdf2Sync(password, salt, iterations, 32, "sha256");
    deepStrictEqual(saltedPassword(password, bytes(salt), iterations), expected);
  }
  const same = () => saltedPassword("pencil", bytes("salt"), 2);
  strictEqual(same(), same());
});

Deno.test("more salted passwords than are remembered are right all the same", () => {
  const first = saltedPassword("p0", bytes("s"), 1);
  for (let each = 1; each <= saltedPasswordsMax; each++) {
    notDeepStrictEqual(saltedPassword(`p${each}`, bytes("s"), 1), first);
  }
  deepStrictEqual(saltedPassword("p0", bytes("s"), 1), first);
});
