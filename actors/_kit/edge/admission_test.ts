import { deepStrictEqual } from "node:assert/strict";
import type { IdentityErrorCode } from "#schemas/identity.ts";
import { admission } from "./admission.ts";

/** What an edge makes of identity's refusal. */
async function refusedWith(code: IdentityErrorCode): Promise<string> {
  const reply = new TextEncoder().encode(JSON.stringify({ ok: false, code, message: "no" }));
  const { token } = admission({ request: () => Promise.resolve(reply) }, 1000);
  const refused = await token("t", "ehr", "s1");
  return refused.ok ? "ok" : refused.code;
}

Deno.test("a token that nobody could look at is not said to be a bad one", async () => {
  const codes = [
    "token_expired",
    "token_revoked",
    "unknown_connection",
    "busy",
    "issuer_unavailable",
  ] as const;
  deepStrictEqual(await Promise.all(codes.map(refusedWith)), [
    "refused",
    "refused",
    "unknown_connection",
    "unavailable",
    "unavailable",
  ]);
  const nobody = admission({ request: () => Promise.reject(new Error("timeout")) }, 1000);
  const refused = await nobody.token("t", "ehr", "s1");
  deepStrictEqual(refused.ok ? "ok" : refused.code, "unavailable");
});
