/** @module */
import { deepStrictEqual, match, strictEqual } from "node:assert/strict";
import { BusError } from "#actors/_kit/bus.ts";
import { StartError, startFailure } from "./start_error.ts";

Deno.test("startFailure() says what an operator can mend", () => {
  deepStrictEqual(startFailure(new StartError("the policy is wrong", "mend it")), {
    why: "the policy is wrong",
    hint: "mend it",
  });
  const missing = new Deno.errors.NotFound("readfile '/etc/x'");
  match(startFailure(missing)?.why ?? "", /not there: readfile '\/etc\/x'/);
  match(startFailure(new BusError("timeout", "a value"))?.why ?? "", /^the bus fails: timeout$/);
  match(startFailure(new Deno.errors.AddrInUse("x"))?.why ?? "", /in use/);
});

Deno.test("startFailure() knows the addresses of node's servers too", () => {
  const inUse = Object.assign(new Error("listen EADDRINUSE"), { code: "EADDRINUSE" });
  match(startFailure(inUse)?.why ?? "", /in use/);
  const elsewhere = Object.assign(new Error("listen"), { code: "EADDRNOTAVAIL" });
  match(startFailure(elsewhere)?.why ?? "", /not of this machine/);
});

Deno.test("startFailure() takes a bug for one: its message may hold a value", () => {
  strictEqual(startFailure(new Error("456-12-1234")), null);
  strictEqual(startFailure("text"), null);
  strictEqual(startFailure(null), null);
});
