import { deepStrictEqual, ok } from "node:assert/strict";
import fc from "fast-check";
import type { ExchangeRequestInput, IdentityClaims } from "#schemas/identity.ts";
import { verifyIdentityToken } from "#actors/_kit/identity_token.ts";
import { testIdentity } from "./testing.ts";

const hop = fc.record({
  connection: fc.constantFrom("ehr", "ehr", "ehr", "billing"),
  session: fc.constantFrom(null, null, null, "s1", "s2"),
  audience: fc.constantFrom("edge", "edge", "edge", "edge", "console"),
  actor: fc.constantFrom(null, "planner", "retriever"),
  purpose: fc.constantFrom(null, "TREAT", "HRESCH"),
  lifetimeSeconds: fc.constantFrom(null, 30, 300),
  waitSeconds: fc.constantFrom(0, 10, 100),
});
type Hop = typeof hop extends fc.Arbitrary<infer T> ? T : never;

Deno.test("a chain of exchanges never widens", async () => {
  const test = await testIdentity();
  let exchanged = 0;
  const chains = fc.array(hop, { minLength: 1, maxLength: 6 });
  await fc.assert(
    fc.asyncProperty(chains, async (hops) => {
      const organisation = {
        groups: ["a", "b"],
        purpose: ["TREAT", "HRESCH"],
        exp: test.time.seconds + 200,
      };
      let token = await test.organisation({
        groups: organisation.groups,
        exp: organisation.exp,
        "purpose_of_use": organisation.purpose,
      });
      let parent: IdentityClaims | null = null;
      for (const step of hops) {
        test.time.seconds += step.waitSeconds;
        const reply = await test.identity.exchange(await requestOf(test, token, step));
        if (!reply.ok) continue;
        const claims = read(test, reply.token);
        ok(claims.exp <= test.time.seconds + 300 && claims.exp <= organisation.exp);
        deepStrictEqual(claims.groups, organisation.groups);
        ok(["", ...organisation.purpose].includes(claims.purpose_of_use));
        if (parent !== null) checkNarrower(claims, parent, step);
        if (parent !== null) exchanged++;
        parent = claims;
        token = reply.token;
      }
    }),
    { seed: 7, numRuns: 150 },
  );
  // The property was put to work: tokens of ours were exchanged onwards.
  ok(exchanged > 30);
});

function checkNarrower(child: IdentityClaims, parent: IdentityClaims, step: Hop): void {
  const before = actorNames(parent.act);
  // Who acts already does not act for itself.
  const added = step.actor === null || step.actor === before[0] ? [] : [step.actor];
  deepStrictEqual(actorNames(child.act), [...added, ...before]);
  deepStrictEqual(
    [child.sub, child.org_iss, child.connection, child.purpose_of_use, child.aud],
    [parent.sub, parent.org_iss, parent.connection, parent.purpose_of_use, parent.aud],
  );
  ok(child.exp <= parent.exp);
  // Once bound to a session it stays bound to it.
  if (parent.session !== null) deepStrictEqual(child.session, parent.session);
}

function actorNames(act: unknown): unknown[] {
  if (typeof act !== "object" || act === null || !("sub" in act)) return [];
  return [act.sub, ...actorNames("act" in act ? act.act : undefined)];
}

type Test = Awaited<ReturnType<typeof testIdentity>>;

async function requestOf(test: Test, token: string, step: Hop): Promise<ExchangeRequestInput> {
  const { connection, session, audience, actor, purpose, lifetimeSeconds } = step;
  const actorToken = actor === null ? {} : {
    actorToken: await test.organisation({ sub: actor, groups: ["admins"] }),
  };
  return {
    version: 1,
    token,
    connection,
    session: audience === "edge" ? session : null,
    audience: audience === "edge" ? "edge" : "console",
    ...actorToken,
    requested: {
      ...purpose === null ? {} : { purpose },
      ...lifetimeSeconds === null ? {} : { lifetimeSeconds },
    },
  };
}

function read(test: Test, token: string): IdentityClaims {
  const expected = { issuer: "sallyport/test", audience: "edge" } as const;
  const verified = verifyIdentityToken(token, test.key.keys, expected, test.time.seconds);
  if (!verified.ok) throw new Error(`Issued token does not verify: ${verified.code}`);
  return verified.claims;
}
