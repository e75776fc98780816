/**
 * Who is signed in: browsers by a cookie that names a session kept here, scripts by a bearer token.
 * Behind both stands the organisation's token, which identity turns into a principal; identity is
 * asked again every few minutes, so that a person who was shut out is out here too.
 *
 * **Invariant:** nobody is somebody longer than identity says; an agent is nobody here.
 *
 * @module
 */
import { createHash } from "node:crypto";
import type { PrincipalChain } from "#schemas/frames.ts";
import { type Revocation, revokes } from "#schemas/identity.ts";
import type { BusClient } from "./bus_client.ts";
import { expiryMsOf } from "./oidc.ts";
import { ConsoleError, type ConsolePorts, type Viewer } from "./ports.ts";

export type People = {
  /** Signs a browser in; gives the value of its cookie. @throws ConsoleError */
  signIn(token: string): Promise<string>;
  signOut(cookie: string): void;
  /**
   * The person behind a cookie; null when nobody is signed in. A request that no person made is
   * `idle`: it does not keep the sign-in alive. @throws ConsoleError
   */
  ofCookie(cookie: string, by?: "person" | "idle"): Promise<Viewer | null>;
  /** Says whether a sign-in still holds, without asking identity or keeping it alive. */
  isSignedIn(viewer: Viewer): boolean;
  /** The person behind a bearer token. @throws ConsoleError */
  ofBearer(token: string): Promise<Viewer>;
  /** Ends what a revocation takes back. */
  revoke(revocation: Revocation): void;
  signedIn(): number;
};

type Known = {
  readonly token: string;
  readonly csrf: string | null;
  principal: PrincipalChain;
  /** Id of the token by which identity last said who it is. */
  id: string;
  /** Identity has to be asked again from then on. */
  goodUntilMs: number;
  readonly endsMs: number;
  idleEndsMs: number;
};

/** Keeps who is signed in, in memory: a restart signs everybody out. */
export function people(ports: ConsolePorts, client: BusClient): People {
  const { clock, random, limits } = ports;
  /** By SHA-256 of cookie or token: what is kept does not sign anybody in. */
  const browsers = new Map<string, Known>();
  const bearers = new Map<string, Known>();
  return {
    signIn,
    signOut,
    ofCookie,
    isSignedIn,
    ofBearer,
    revoke,
    signedIn: () => browsers.size,
  };

  async function signIn(token: string): Promise<string> {
    const known = await meet(token, secret());
    purge(browsers);
    if (browsers.size >= limits.webSessionsMax) {
      throw new ConsoleError(503, "busy", "Too many people are signed in. Try again later.");
    }
    const cookie = secret();
    browsers.set(keyOf(cookie), known);
    return cookie;
  }

  function signOut(cookie: string): void {
    browsers.delete(keyOf(cookie));
  }

  async function ofCookie(
    cookie: string,
    by: "person" | "idle" = "person",
  ): Promise<Viewer | null> {
    const key = keyOf(cookie);
    const known = browsers.get(key);
    if (known === undefined) return null;
    return await fresh(browsers, key, known, by) ? known : null;
  }

  function isSignedIn(viewer: Viewer): boolean {
    const nowMs = clock.nowMs();
    return [browsers, bearers].some((all) => {
      return [...all.values()].some((known) => {
        return known === viewer && nowMs < known.endsMs && nowMs < known.idleEndsMs;
      });
    });
  }

  async function ofBearer(token: string): Promise<Viewer> {
    const key = keyOf(token);
    const known = bearers.get(key);
    if (known !== undefined && await fresh(bearers, key, known, "person")) return known;
    const met = await meet(token, null);
    purge(bearers);
    if (bearers.size >= limits.bearersMax) {
      for (const oldest of bearers.keys()) {
        bearers.delete(oldest);
        break;
      }
    }
    bearers.set(key, met);
    return met;
  }

  /** Asks identity again when it is time; false when the sign-in is over. */
  async function fresh(
    all: Map<string, Known>,
    key: string,
    known: Known,
    by: "person" | "idle",
  ): Promise<boolean> {
    const nowMs = clock.nowMs();
    if (nowMs >= known.endsMs || nowMs >= known.idleEndsMs) {
      all.delete(key);
      return false;
    }
    if (by === "person") known.idleEndsMs = nowMs + limits.webIdleMsMax;
    if (nowMs < known.goodUntilMs) return true;
    try {
      const { principal, id, expiresAt } = await ask(known.token);
      known.principal = principal;
      known.id = id;
      known.goodUntilMs = Date.parse(expiresAt);
    } catch (error) {
      // Identity that does not answer says nothing of the person: they may try again.
      if (error instanceof ConsoleError && error.status === 503) throw error;
      all.delete(key);
      return false;
    }
    // A revocation may have come while identity was asked.
    return all.get(key) === known;
  }

  async function meet(token: string, csrf: string | null): Promise<Known> {
    const { principal, id, expiresAt } = await ask(token);
    const nowMs = clock.nowMs();
    const endsMs = Math.min(nowMs + limits.webMsMax, expiryMsOf(token) ?? Date.parse(expiresAt));
    return {
      token,
      csrf,
      principal,
      id,
      goodUntilMs: Date.parse(expiresAt),
      endsMs,
      idleEndsMs: nowMs + limits.webIdleMsMax,
    };
  }

  async function ask(token: string) {
    const granted = await client.exchange({
      version: 1,
      token,
      connection: null,
      session: null,
      audience: "console",
    });
    if (granted.principal.actors.length > 0) {
      const message = "The console is for people who act alone; an agent sees and decides nothing.";
      throw new ConsoleError(403, "agent_refused", message);
    }
    return granted;
  }

  function revoke(revocation: Revocation): void {
    for (const all of [browsers, bearers]) {
      for (const [key, { principal, id }] of all) {
        if (revokes(revocation, { principal, jtis: [id], session: null })) all.delete(key);
      }
      // A token of the organisation is not known here by its id, so identity is asked again.
      if (revocation.kind === "jti") { for (const known of all.values()) known.goodUntilMs = 0; }
    }
  }

  function purge(all: Map<string, Known>): void {
    const nowMs = clock.nowMs();
    for (const [key, known] of all) {
      if (nowMs >= known.endsMs || nowMs >= known.idleEndsMs) all.delete(key);
    }
  }

  function secret(): string {
    return random(32).toBase64({ alphabet: "base64url", omitPadding: true });
  }
}

function keyOf(secret: string): string {
  return createHash("sha256").update(secret).digest("base64url");
}
