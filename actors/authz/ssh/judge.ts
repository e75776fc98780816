/**
 * Judges SSH: what a channel is for, and everything that is sent on it afterwards.
 *
 * Theory of operation. A session of the gateway is one channel. Its first request says what it is
 * for and is judged whole: the programs and files of a command line, an interactive shell, sftp, a
 * forwarding. What follows continues it: input of a program goes with the program's right, a
 * shell's lines and sftp's operations are judged one by one.
 *
 * **Invariant:** a continuation is judged as what the channel is for, and as nothing else; what is
 * not understood is refused.
 *
 * @module
 */
import type { Refusal, StatementAnalysis } from "#schemas/analysis.ts";
import type { SshConnection } from "#schemas/config.ts";
import type { DetectorClasses } from "#schemas/detectors/detect.ts";
import type { Open, PrincipalChain } from "#schemas/frames.ts";
import type { MaskPlan, StreamPlan } from "#schemas/mask_plan.ts";
import { noVolume, VolumeBounds, volumeLeft } from "#schemas/volume.ts";
import { type Judgements, neverHeld } from "../judgements.ts";
import { connectAnalysis } from "../policy/situation.ts";
import { boundsOf } from "../policy/volume.ts";
import type { Asked, Consequence, Judgement, SessionJudge } from "../session_judge.ts";
import { noConsequence } from "../session_judge.ts";
import { protectedContent, unjudgeable } from "../verdicts.ts";
import { type Channel, type Continuation, continuationOf, newChannel } from "./channel.ts";
import { statementOf } from "./draft.ts";
import { messagesOf, type Purpose, purposeOf, refusal } from "./purpose.ts";
import { analyseCommandLine } from "./shell.ts";

export type SshJudge = {
  session(open: Open, principal: PrincipalChain, connection: SshConnection): SessionJudge;
};

type Session = {
  readonly open: Open;
  readonly principal: PrincipalChain;
  readonly connection: SshConnection;
  channel: Channel | null;
};

/** Creates the judge of all SSH sessions. */
export function createSshJudge(judgements: Judgements): SshJudge {
  const detectors: DetectorClasses = Object.fromEntries(
    Object.entries(judgements.config.classes).flatMap(([name, { detectors }]) => {
      return detectors.map((detector) => [detector, name] as const);
    }),
  );
  return { session };

  function session(
    open: Open,
    principal: PrincipalChain,
    connection: SshConnection,
  ): SessionJudge {
    const state: Session = { open, principal, connection, channel: null };
    return {
      connect: () => connect(state),
      request: (asked) => asked.continues ? continued(asked, state) : begun(asked, state),
      understand: (asked, policies) => understood(asked, policies, state),
      estimated() {},
      denied() {},
      ready: () => true,
      waitOver() {},
    };
  }

  function connect({ open, principal }: Session): Judgement {
    const decision = judgements.decide(principal, open.connection, [connectAnalysis]);
    return neverHeld(judgements.of(decision, principal, open, []), nothingComes);
  }

  /** The request that says what the channel is for. */
  function begun(asked: Asked, state: Session): Judgement {
    const purpose = purposeIn(asked, state);
    if ("code" in purpose) return refused(purpose);
    const { open, principal, connection } = state;
    const found = analysesOf(purpose, connection);
    if ("code" in found) return refused(found);
    const analyses = found.map((one) => withContent(one, contentOf(purpose)));
    const decision = judgements.decide(principal, open.connection, analyses);
    const judged = judgements.of(decision, principal, open, analyses);
    const { policies } = decision;
    return {
      ...judged,
      // It runs as long as its channel is open, and that is for the session's limits to say.
      durationMsMax: judgements.config.limits.session_ms_max,
      volume: volumeLeft(
        boundsOf({ ...VolumeBounds.parse({}), ...connection.volume }, policies, judgements.rules()),
        noVolume,
        noVolume,
      ),
      plan: { ...nothingComes, stream: streamPlan(purpose, state, decision.revealed) },
      facts: ["ssh channel", connection.user],
      consequence: opening(asked, purpose, judged.policies, state),
    };
  }

  function understood(
    asked: Asked,
    policies: readonly string[],
    state: Session,
  ): Consequence {
    if (asked.continues) {
      const read = continuationIn(asked, state);
      return read.kind === "asked" ? following(read.channel, state) : noConsequence;
    }
    const purpose = purposeIn(asked, state);
    return "code" in purpose ? noConsequence : opening(asked, purpose, policies, state);
  }

  /** What is sent on the channel while it is open. */
  function continued(asked: Asked, state: Session): Judgement {
    const read = continuationIn(asked, state);
    if (read.kind === "refused") return refused(read.refusal);
    if (read.kind === "protected") return judgements.refuse(protectedContent(read.classes));
    const { open, principal, connection } = state;
    const { purpose, digest, policies } = read.channel;
    const rest = {
      facts: ["ssh continuation", digest, connection.user],
      consequence: following(read.channel, state),
    };
    const passed = { ...judgements.refuse(null), ...rest, decision: "allow", policies } as const;
    if (read.analyses.length === 0) return passed;
    const analyses = read.analyses.map((one) => withContent(one, contentOf(purpose)));
    const decision = judgements.decide(principal, open.connection, analyses);
    if (read.by === "policy") {
      return { ...judgements.of(decision, principal, open, analyses), ...rest };
    }
    // The right to the shell is the right to every line that no rule forbids.
    const denied = decision.denied.filter(({ policy }) => policy !== null);
    if (decision.unjudged === null && denied.length === 0) {
      return {
        ...passed,
        statements: judgements.of(decision, principal, open, analyses).statements,
      };
    }
    const forbidden = { ...decision, denied };
    return { ...judgements.of(forbidden, principal, open, analyses), ...rest };
  }

  function continuationIn(asked: Asked, { channel, connection }: Session): Continuation {
    if (channel === null || asked.bytes === null) return { kind: "refused", refusal: tooLarge };
    const messages = messagesOf(asked.bytes);
    if ("code" in messages) return { kind: "refused", refusal: messages };
    const refuses = connection.uploads === "refuse";
    const { home = null, shell } = connection;
    return continuationOf(messages, channel, {
      home,
      shell,
      detectors: refuses ? detectors : null,
    });
  }

  function refused(why: Refusal): Judgement {
    const reason = unjudgeable(why);
    return judgements.refuse({ ...reason, hint: hints[why.code] ?? reason.hint });
  }
}

function purposeIn(asked: Asked, state: Session): Purpose | Refusal {
  if (asked.bytes === null) return tooLarge;
  if (state.channel !== null) return refusal("the channel is for something already");
  const messages = messagesOf(asked.bytes);
  return "code" in messages ? messages : purposeOf(messages, state.connection);
}

function opening(
  { digest }: Asked,
  purpose: Purpose,
  policies: readonly string[],
  state: Session,
): Consequence {
  return {
    allowed() {
      state.channel = newChannel(purpose, digest, policies);
    },
    settled() {},
  };
}

function following(channel: Channel, state: Session): Consequence {
  return {
    allowed() {
      state.channel = channel;
    },
    settled() {},
  };
}

/** What policy is asked about a channel's purpose. */
function analysesOf(
  purpose: Purpose,
  { home, shell }: SshConnection,
): readonly StatementAnalysis[] | Refusal {
  switch (purpose.kind) {
    case "exec": {
      const text = textOf(purpose.command);
      if (text === null) return refusal("the command line is not UTF-8, or holds a NUL");
      const surroundings = { home: home ?? null, terminal: purpose.terminal, shell };
      return analyseCommandLine(text, surroundings) ?? tooComplex;
    }
    case "shell":
      return [statementOf("shell", ["shell"], [purpose.terminal ? "terminal" : "no_terminal"])];
    case "subsystem":
      if (purpose.name === "sftp") return [statementOf("sftp", ["session"], ["sftp"])];
      return [statementOf(purpose.name, ["execute", "interpret"], ["subsystem"])];
    case "forward": {
      const { host, port } = purpose;
      return [statementOf("forward", ["forward"], [], { host, port })];
    }
  }
}

/** A command line as its shell reads it: to the first NUL, which is why there may be none. */
function textOf(bytes: Uint8Array): string | null {
  try {
    const text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
    return text.includes("\0") ? null : text;
  } catch {
    return null;
  }
}

function streamPlan(
  purpose: Purpose,
  { principal, connection }: Session,
  revealed: readonly string[],
): StreamPlan {
  const person = principal.actors.length === 0;
  const interactive = purpose.kind === "shell" && purpose.terminal && person;
  return {
    content: contentOf(purpose),
    revealed: [...revealed],
    holdMsMax: interactive ? personHoldMs : null,
    files: connection.files,
  };
}

function withContent(
  analysis: StatementAnalysis,
  content: StreamPlan["content"],
): StatementAnalysis {
  const { access } = analysis;
  return access === undefined ? analysis : { ...analysis, access: { ...access, content } };
}

function contentOf(purpose: Purpose): StreamPlan["content"] {
  if (purpose.kind === "forward") return "tunnel";
  if (purpose.kind === "subsystem" && purpose.name === "sftp") return "sftp";
  return purpose.terminal ? "terminal" : "output";
}

/** What may be done instead, where it is not what SQL's users are told. */
const hints: Partial<Record<Refusal["code"], string>> = {
  too_complex: "Do less at once: fewer programs and files, in several commands.",
  unsupported_statement: "Name one place by a plain path, and leave out what is not common.",
  malformed_message: "Send one plain command in UTF-8, with no variables but those that are taken.",
};
/** How long a person's typing may wait for its echo, milliseconds. */
const personHoldMs = 20;
/** Besides the stream nothing has a plan: the opening and continuations have no answers. */
const nothingComes: MaskPlan = { results: [], errors: "keep" };
const tooLarge: Refusal = {
  code: "too_complex",
  message: "the request is larger than what is judged",
  position: null,
};
const tooComplex: Refusal = {
  code: "too_complex",
  message: "the command line does too much at once to be judged",
  position: null,
};
