import { equal } from "node:assert/strict";
import { newId } from "./new_id.ts";

Deno.test("newId() is base64url, and no flag of a command", () => {
  equal(newId((bytes) => new Uint8Array(bytes).fill(0xff), 3), "____");
  equal(newId((bytes) => new Uint8Array(bytes).fill(0xfb), 3), "__v7");
});
