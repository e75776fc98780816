/**
 * A session with a held request, and people who decide about it, for approval's tests. Tokens are
 * signed for real.
 *
 * @module
 */
import type { KeyObject } from "node:crypto";
import type { Effect } from "#actors/_kit/actor.ts";
import type { Frame, FrameKind } from "#actors/_kit/frame.ts";
import { frameOf } from "#actors/_kit/frame_testing.ts";
import { testIssuer, testSigner, voteClaims } from "#actors/_kit/identity_testing.ts";
import {
  type DecideReply,
  type DecideRequest,
  type VoteContent,
  voteDigest,
} from "#schemas/approval.ts";
import {
  type Approval,
  type ApprovalNeed,
  type ControlKind,
  type ControlPayload,
  decodeControl,
  encodeControl,
  type Open,
  type PrincipalChain,
  type Verdict,
} from "#schemas/frames.ts";
import { openOf as anyOpen, verdictOf as anyVerdict } from "#schemas/frames_testing.ts";
import { actOf, type IdentityClaims } from "#schemas/identity.ts";
import { type SessionKey, shardOf } from "#schemas/subjects.ts";
import { approval, type ApprovalCommand, type ApprovalInput } from "./actor.ts";
import type { ApprovalState } from "./state.ts";

export const startMs = 1_800_000_000_000;
export const issuer = testIssuer;
export const organisationIssuer = "https://id.example.org";
export const key: SessionKey = {
  epoch: "2027_01",
  shard: shardOf("s1", 4),
  edge: "pg1",
  session: "s1",
};
export const binding = "b".repeat(64);
const digest = "d".repeat(64);

const signer = testSigner();
export const keys = signer.keys;

/** The one who asks: ada, through two agents. */
export const requester: PrincipalChain = {
  issuer: organisationIssuer,
  person: "ada",
  name: "Ada",
  actors: ["retriever", "planner"],
  groups: ["clinical-agents", "compliance"],
  purpose: "TREAT",
};
export const compliance: ApprovalNeed = {
  group: "compliance",
  quorum: 1,
  expiresMs: 60_000,
  policies: ["bulk-needs-compliance"],
};

const consent: VoteContent = {
  binding,
  decision: "approve",
  justification: "Audited quarterly export, ticket 4711",
};

/** Identity's token for somebody who decides, on the usual consent. */
export function approverToken(
  change: Partial<IdentityClaims> = {},
  actors: readonly string[] = [],
  key?: KeyObject,
): string {
  const act = actOf(actors);
  const acting = act === undefined ? {} : { act };
  const vote = voteDigest(consent);
  const claims = voteClaims(startMs, organisationIssuer, { vote, ...acting, ...change });
  return signer.sign(claims, key);
}

/** A decision of grace's on `ap1`, or of whom `claims` name. */
export function decision(
  change: Partial<DecideRequest> = {},
  claims: Partial<IdentityClaims> = {},
): DecideRequest {
  const vote = { ...consent, ...change };
  const token = approverToken({ vote: voteDigest(vote), ...claims });
  return { version: 1, key, approval: "ap1", token, ...vote };
}

export type Play = {
  state: ApprovalState;
  nowMs: number;
  admits: boolean;
  /** Every frame of the session so far, as the stream holds it. */
  readonly stream: Frame[];
  /** Effects of the last input. */
  last: readonly Effect<ApprovalCommand>[];
  give(input: ApprovalInput | { kind: "wake"; name: string } | { kind: "resume" }): void;
  frame<K extends ControlKind>(kind: K, payload: ControlPayload<K>): void;
  /** Stores a frame that the actor has not seen. */
  store<K extends ControlKind>(kind: K, payload: ControlPayload<K>): void;
  verdict(change?: Partial<Verdict>): void;
  decide(request: DecideRequest): DecideReply;
  /** The approvals published, in order. */
  published(): Approval[];
  states(): string[];
  /** Forgets the state and rebuilds it from the stream, as after a crash. */
  restart(): void;
};

/** Plays a session against the actor; publishes are stored at once. */
export function play(needs: readonly ApprovalNeed[] = [compliance]): Play {
  const actor = approval({
    issuer,
    keys,
    consoleUrl: "https://console.example.org",
    justificationCharactersMin: 10,
    sessionPendingMax: 3,
    sessionSettledMax: 2,
    admits: () => self.admits,
    nowMs: () => self.nowMs,
  });
  const self: Play = {
    state: actor.initial(key),
    nowMs: startMs,
    admits: true,
    stream: [],
    last: [],
    give(input) {
      const [state, effects] = actor.step(self.state, input);
      self.state = state;
      perform(effects);
    },
    frame(kind, payload) {
      const frame = toStored(kind, encodeControl(kind, payload));
      const [state, effects] = actor.step(self.state, { kind: "frame", frame, replayed: false });
      self.state = state;
      perform(effects);
    },
    store: (kind, payload) => void toStored(kind, encodeControl(kind, payload)),
    verdict: (change = {}) => self.frame("verdict", verdictOf(needs, change)),
    decide(request) {
      self.give({ kind: "decide", ticket: "t", request, atMs: self.nowMs });
      for (const effect of self.last) {
        if (effect.kind === "run" && effect.command.kind === "reply") return effect.command.reply;
      }
      throw new Error("No reply was given");
    },
    published() {
      return self.stream.filter((frame) => frame.kind === "approval").map((frame) => {
        const payload = decodeControl("approval", frame.payload);
        if (payload === null) throw new Error("An approval frame does not parse");
        return payload;
      });
    },
    states: () => self.published().map(({ state }) => state),
    restart() {
      self.state = actor.initial(key);
      for (const frame of self.stream) {
        [self.state] = actor.step(self.state, { kind: "frame", frame, replayed: true });
      }
      self.give({ kind: "resume" });
    },
  };
  self.frame("open", openOf());
  return self;

  function perform(effects: readonly Effect<ApprovalCommand>[]): void {
    self.last = effects;
    for (const effect of effects) {
      if (effect.kind === "publish") toStored(effect.frame, effect.payload);
    }
  }
  function toStored(kind: FrameKind, payload: Uint8Array): Frame {
    const sequence = self.stream.length + 1;
    const frame = frameOf(kind, { key, request: 1, sequence, timeMs: self.nowMs, payload });
    self.stream.push(frame);
    return frame;
  }
}

export function openOf(principal: PrincipalChain = requester): Open {
  return anyOpen({
    principal,
    token: "t",
    client: { address: "127.0.0.1", tls: "TLSv1.3", user: "ada", application: "" },
    openedAt: new Date(startMs).toISOString(),
    configDigest: digest,
  });
}

/** A hold of request 1 under approval `ap1`. */
export function verdictOf(needs: readonly ApprovalNeed[], change: Partial<Verdict> = {}): Verdict {
  const approval = { id: "ap1", needs: [...needs], binding };
  return anyVerdict({ digest, decision: "hold", policyVersion: "p1", approval, ...change });
}
