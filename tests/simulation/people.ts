/**
 * The organisation's people and their tokens, and those of them who decide what is held.
 *
 * @module
 */
import { sign } from "node:crypto";
import type { Bus, StoredMessage } from "#actors/_kit/bus.ts";
import { toFrame } from "#actors/_kit/frame.ts";
import type { Exchange } from "#actors/identity/exchange.ts";
import { identityExchange } from "#actors/identity/exchange.ts";
import { replayCache, revocationList } from "#actors/identity/bounded.ts";
import { identityLimits } from "#actors/identity/limits.ts";
import { registeredKeys } from "#actors/identity/registered_keys.ts";
import type { VerifyOrganisation } from "#actors/identity/organisation_token.ts";
import {
  DecideReply,
  type DecideRequest,
  type VoteContent,
  voteDigest,
} from "#schemas/approval.ts";
import { type Approval, decodeControl } from "#schemas/frames.ts";
import {
  ExchangeReply,
  type ExchangeRequestInput,
  type IdentityClaims,
  identityTokenType,
} from "#schemas/identity.ts";
import { auditStream, decideSubject, exchangeSubject, type SessionKey } from "#schemas/subjects.ts";
import type { Clock, Random } from "#actors/_kit/clock.ts";
import { z } from "zod";
import { config, connection, organisationIssuer, sshConnection } from "./clinic.ts";
import type { Chance } from "./clock.ts";
import { installed, type World } from "./world.ts";

export type Person = {
  readonly person: string;
  readonly actors: readonly string[];
  readonly groups: readonly string[];
};
/** Who asks; ada is in the group that decides, too. */
export const requesters: readonly Person[] = [
  { person: "ada", actors: ["summariser"], groups: ["agents", "compliance"] },
  { person: "alan", actors: ["planner", "retriever"], groups: ["agents"] },
  { person: "barbara", actors: [], groups: ["agents"] },
];
const deciders: readonly Person[] = [
  { person: "grace", actors: [], groups: ["compliance"] },
  { person: "edsger", actors: [], groups: ["compliance"] },
  { person: "ada", actors: [], groups: ["agents", "compliance"] },
  { person: "mallory", actors: [], groups: ["agents"] },
];

/** The organisation's token of a person, or of an agent for one. */
export function organisationToken(who: Person): string {
  return `h.${part({ iss: organisationIssuer, ...who })}.s`;
}

const Claims = z.object({
  person: z.string(),
  actors: z.array(z.string()),
  groups: z.array(z.string()),
});

/** Identity with the world's key. What signs and verifies does so at once, unlike the real ones. */
export function exchange(world: World, clock: Clock, random: Random): Exchange {
  const { key, kid, keys } = world.identity;
  const verifyOrganisation: VerifyOrganisation = (token) => {
    const claims = Claims.safeParse(unpart(token.split(".")[1] ?? ""));
    if (!claims.success) return Promise.resolve({ ok: false, code: "token_malformed" });
    const { person } = claims.data;
    const exp = Math.floor(clock.nowMs() / 1000) + 3600;
    const names = { issuer: organisationIssuer, sub: person, name: person };
    const rest = { ...names, purposes: [], mayAct: null, jti: null, exp };
    return Promise.resolve({ ok: true, subject: { ...claims.data, ...rest } });
  };
  return identityExchange({
    organisation: config.organisation,
    connections: new Set([connection, sshConnection]),
    verifyOrganisation,
    keys,
    sign: (claims) => Promise.resolve(signed(claims)),
    clock,
    random,
    replays: replayCache({ entriesMax: 10_000 }),
    revocations: revocationList({ entriesMax: 100 }),
    sshKeys: registeredKeys(identityLimits),
    limits: { inFlightMax: 100 },
  });

  function signed(claims: IdentityClaims): string {
    const body = `${part({ alg: "EdDSA", typ: identityTokenType, kid })}.${part(claims)}`;
    return `${body}.${base64url(sign(null, new TextEncoder().encode(body), key))}`;
  }
}

export type PeopleCounts = Record<string, number>;

/** People who are asked: some agree, some do not, some who may not try, and one looks away. */
export function startPeople(world: World, bus: Bus, chance: Chance): PeopleCounts {
  const { clock } = world;
  const counts: PeopleCounts = {};
  for (const epoch of installed) {
    bus.follow(auditStream(epoch), 1, decideAbout).catch(() => {
      world.find("people cannot follow the record");
    });
  }
  return counts;

  function decideAbout(message: StoredMessage): void {
    const frame = toFrame(message);
    const asked = frame?.kind === "approval" ? decodeControl("approval", frame.payload) : null;
    if (frame === null || asked?.state !== "asked") return;
    if (chance.of(0.1)) return;
    for (const who of deciders) {
      if (chance.of(0.85)) considerLater(who, frame.key, asked, 5);
    }
  }

  function considerLater(who: Person, key: SessionKey, asked: Approval, tries: number): void {
    clock.after(chance.between(500, 20_000), () => {
      consider(who, key, asked).catch(() => "failed").then((how) => {
        counts[how] = (counts[how] ?? 0) + 1;
        const again = how === "failed" || how === "unavailable" || how === "busy";
        if (tries > 0 && (again || chance.of(0.1))) considerLater(who, key, asked, tries - 1);
      });
    });
  }

  async function consider(who: Person, key: SessionKey, asked: Approval): Promise<string> {
    const vote: VoteContent = {
      binding: asked.binding,
      decision: chance.of(0.9) ? "approve" : "deny",
      justification: "Looked at it, and it is what we agreed on",
    };
    const wanted: ExchangeRequestInput = {
      version: 1,
      token: organisationToken(who),
      connection: null,
      session: null,
      approval: asked.id,
      vote: voteDigest(vote),
      audience: "approval",
    };
    const told = ExchangeReply.parse(await ask(exchangeSubject, wanted));
    if (!told.ok) return told.code;
    const { epoch, shard, edge, session } = key;
    const request: DecideRequest = {
      version: 1,
      key: { epoch, shard, edge, session },
      approval: asked.id,
      ...vote,
      token: told.token,
    };
    const reply = DecideReply.parse(await ask(decideSubject, request));
    return reply.ok ? reply.state : reply.code;
  }

  async function ask(subject: string, request: unknown): Promise<unknown> {
    const payload = new TextEncoder().encode(JSON.stringify(request));
    const answer: unknown = JSON.parse(
      new TextDecoder().decode(await bus.request(subject, payload, 5000)),
    );
    return answer;
  }
}

function part(value: unknown): string {
  return base64url(new TextEncoder().encode(JSON.stringify(value)));
}
function unpart(text: string): unknown {
  const bytes = Uint8Array.fromBase64(text, { alphabet: "base64url" });
  return JSON.parse(new TextDecoder().decode(bytes));
}
function base64url(bytes: Uint8Array): string {
  return bytes.toBase64({ alphabet: "base64url", omitPadding: true });
}
