import assert from "node:assert/strict";
import { digestProblem, isAtLeast, natsVersionMin } from "./nats_binary.ts";

Deno.test("isAtLeast() compares versions by number", () => {
  for (const version of ["2.12.0", "2.15.1-1", "2.100.0", "3.0.0", "2.12.0~rc1"]) {
    assert.ok(isAtLeast(version, natsVersionMin), version);
  }
  for (const version of ["2.9.10", "2.11.99", "1.99.0", "", "2.12", "latest"]) {
    assert.ok(!isAtLeast(version, natsVersionMin), version);
  }
});

Deno.test("digestProblem() lets only the pinned bytes through", () => {
  const bytes = new TextEncoder().encode("abc");
  const pinned = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
  assert.equal(digestProblem(bytes, pinned), null);
  assert.match(digestProblem(bytes.subarray(1), pinned) ?? "", /not the pinned/);
});
