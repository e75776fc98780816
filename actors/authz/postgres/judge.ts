/**
 * Judges PostgreSQL's sessions: statements by catalog and parser, with what the session made of
 * names before.
 *
 * Theory of operation. A request waits for the outcome of the one before, because what its names
 * mean depends on what that one did. An outcome that says a catalog was read again makes the next
 * request wait until that catalog is here.
 *
 * @module
 */
import { emptyAnalysis, type Refusal, type StatementAnalysis } from "#schemas/analysis.ts";
import type { Catalog } from "#schemas/catalog.ts";
import { listingOf } from "#schemas/classification.ts";
import { maskedForms } from "#schemas/detectors/masked_forms.ts";
import type { Open, Outcome, PrincipalChain } from "#schemas/frames.ts";
import type { MaskPlan } from "#schemas/mask_plan.ts";
import { remember } from "#schemas/remember.ts";
import { noVolume } from "#schemas/volume.ts";
import { isAbortCopy, isAbortTransaction } from "#schemas/wire/postgres/refused_transaction.ts";
import type { Analysed, AnalysisLimits } from "../analysis/analyse.ts";
import { castingParameters, createAnalyser } from "./analyser.ts";
import { indexCatalog, isClassified, type Schema } from "../analysis/catalog_index.ts";
import type { Parser } from "../analysis/parser.ts";
import { looksUpLate, mayReadLate } from "../analysis/late_names.ts";
import { applyChange, plannedIn, type SessionState, settled } from "../analysis/session.ts";
import { settleSession } from "./changes.ts";
import { type Defined, definedBy, preparedBy } from "./defining.ts";
import { type Judgements, neverHeld } from "../judgements.ts";
import { maskPlan } from "../policy/plan.ts";
import {
  connectAnalysis,
  parameterAnalysis,
  readingAnalysis,
  unreadAnalysis,
} from "../policy/situation.ts";
import { createDigest, seenWith, withProbes } from "./probes.ts";
import { type Misunderstood, type RequestLimits, understand, type Understood } from "./request.ts";
import type { Asked, Consequence, Judgement, SessionJudge } from "../session_judge.ts";
import { type StartupSession, startupSession } from "./startup_parameters.ts";
import {
  abortedTransaction,
  copyRefused,
  noCatalog,
  parameterRefused,
  unjudgeable,
  volumeExhausted,
} from "../verdicts.ts";
import { createEstimates, questionsOf, weighed } from "./estimates.ts";
import { initialPostgresState, type PostgresState } from "./state.ts";
import { volumesOf } from "./volume.ts";
import { refusedWriting, writeBackGuard, type WrittenBack } from "./write_back.ts";

export type PostgresPorts = {
  readonly parser: Parser;
  readonly analysisLimits: AnalysisLimits;
  readonly requestLimits: RequestLimits;
  /** By it the planner's answers grow old. */
  readonly nowMs: () => number;
};

export type PostgresJudge = {
  session(open: Open, principal: PrincipalChain): SessionJudge;
  onCatalog(catalog: Catalog): void;
  onCatalogBroken(connection: string): void;
};

type Known = {
  readonly catalog: Catalog;
  readonly schema: Schema;
  /** Some function in it may define something, by itself or from behind a table. */
  readonly hasDefiningCode: boolean;
};
type Read = Understood & {
  readonly written: WrittenBack;
  readonly defines: Defined | undefined;
  /** No name in it was taken for what the catalog says that it is. */
  readonly unsettled: boolean;
  /** The server may look its names up a while after it began. */
  readonly late: boolean;
};

/** Creates the judge of all PostgreSQL sessions; catalogs are given to it as they come. */
export function createPostgresJudge(ports: PostgresPorts, judgements: Judgements): PostgresJudge {
  const { config } = judgements;
  const catalogs = new Map<string, Known>();
  /** Of each connection, its newest catalogs by digest: which of all that came each was. */
  const came = new Map<string, Map<string, number>>();
  let arrivals = 0;
  const estimates = createEstimates(ports.nowMs);
  const volumes = volumesOf(judgements);
  const analyser = createAnalyser(ports.parser, ports.analysisLimits);
  const guard = writeBackGuard(maskedForms(config.classes), ports.parser, ports.analysisLimits);
  return { session, onCatalog, onCatalogBroken };

  function onCatalog(catalog: Catalog): void {
    const schema = indexCatalog(catalog, listingOf(config, catalog.connection));
    const hasDefiningCode = catalog.functions.some(({ moves, defines = moves }) => defines);
    catalogs.set(catalog.connection, { catalog, schema, hasDefiningCode });
    analyser.forget();
    const digests = came.get(catalog.connection) ?? new Map();
    came.set(catalog.connection, digests);
    remember(digests, catalog.digest, ++arrivals, catalogsRememberedMax);
  }

  function onCatalogBroken(connection: string): void {
    catalogs.delete(connection);
    analyser.forget();
  }

  function session(open: Open, principal: PrincipalChain): SessionJudge {
    const { connection } = open;
    const searchPath = catalogs.get(connection)?.schema.searchPath ?? null;
    const start = startupSession(open.parameters, searchPath);
    const state = initialPostgresState(start.session, createDigest(open.token));
    return {
      connect: () => connect(open, principal, start, state),
      request: (asked) => request(asked, state, open, principal),
      estimated: ({ bytes }, question, rows, atMs) =>
        estimates.learn(connection, bytes, question, rows, atMs),
      understand: (asked, policies) =>
        asked.request === 0
          ? opened(state)
          : consequence(state, understood(asked, state, connection), policies, connection),
      denied(asked) {
        const tag = asked?.bytes?.[0];
        const isPart = tag === undefined ? state.copying !== null : copyTags.has(tag);
        // What follows would be the rest of a COPY; behind a refusal none has begun to be given up.
        if (isPart && (!state.refused || state.copying !== null)) state.copyRefused = true;
        if (state.transaction === "T" || state.batchIsOpen) state.refused = true;
      },
      ready: () => ready(state, connection),
      waitOver() {
        state.catalogWaitOver = true;
      },
    };
  }

  /** Which of all that came a catalog is; 0: it did not, or long ago. */
  function cameAt(digest: string, connection: string): number {
    return came.get(connection)?.get(digest) ?? 0;
  }

  function ready(state: PostgresState, connection: string): boolean {
    const { needsCatalog } = state;
    if (needsCatalog === null) return true;
    // One that was here before that may come again: what is known now is yet another.
    const here = cameAt(needsCatalog, connection) >= state.judgedBy;
    if (!state.catalogWaitOver && !here) return false;
    if (!state.catalogWaitOver) state.session = settled(state.session);
    state.needsCatalog = null;
    state.catalogWaitOver = false;
    return true;
  }

  function connect(
    open: Open,
    principal: PrincipalChain,
    { administers, unread }: StartupSession,
    state: PostgresState,
  ): Judgement {
    const { connection } = open;
    if (!catalogs.has(connection)) return judgements.refuse(noCatalog);
    if (administers !== null) {
      const set = unread ? readingAnalysis : parameterAnalysis;
      const allowed = judgements.decide(principal, connection, [set]);
      if (allowed.decision !== "allow") return judgements.refuse(parameterRefused(administers));
    }
    const decision = judgements.decide(principal, connection, [connectAnalysis]);
    const judged = judgements.of(decision, principal, open, []);
    const plan = decision.everything ? verbatim : connectPlan;
    return { ...neverHeld(judged, plan), consequence: opened(state) };
  }

  function request(
    asked: Asked,
    state: PostgresState,
    open: Open,
    principal: PrincipalChain,
  ): Judgement {
    const known = catalogs.get(open.connection);
    const digest = known?.catalog.digest ?? null;
    if (known === undefined) return judgements.refuse(noCatalog, digest);
    if (asked.bytes === null) return judgements.refuse(unjudgeable(tooLarge), digest);
    if (asked.continues) return judgements.refuse(unjudgeable(standsAlone), digest);
    if (state.copyRefused && !isAbortCopy(asked.bytes)) {
      return judgements.refuse(copyRefused, digest);
    }
    const read = readBytes(asked.bytes, state, known);
    const judged = read.kind === "understood"
      ? judge(read, asked.before ?? null, state, open, principal, known)
      : unread(state, open, principal) ?? judgements.refuse(unjudgeable(read.refusal), digest);
    if (!state.refused || read.kind === "understood" && mayFollow(read, asked.bytes)) return judged;
    return judgements.refuse(abortedTransaction, digest);
  }

  function judge(
    read: Read,
    before: readonly StatementAnalysis[] | null,
    state: PostgresState,
    open: Open,
    principal: PrincipalChain,
    { catalog, schema }: Known,
  ): Judgement {
    const { positions, parsed, runsPrepared } = read;
    const scales = {
      place: { connection: open.connection, catalogDigest: catalog.digest },
      estimates,
      seesRows: judgements.seesRows(),
      bulkRows: config.limits.bulk_rows,
      decide: (all: readonly StatementAnalysis[]) =>
        judgements.decide(principal, open.connection, all),
    };
    const running = withProbes(read.executed, seenWith(state.probes, read.probed));
    const toRun = { analyses: running, texts: read.texts.executed };
    const later = withProbes(read.prepared, state.probes);
    const toPrepare = { analyses: later, texts: read.texts.prepared };
    const executed = weighed(toRun, scales, before ?? []);
    const prepared = weighed(toPrepare, scales);
    const decision = judgements.decide(principal, open.connection, executed);
    const fetched = read.resumes ? state.volume.fetched : noVolume;
    const volume = volumes.left(decision.policies, open.connection, { ...state.volume, fetched });
    const facts = {
      parsed,
      volume,
      catalogDigest: catalog.digest,
      defines: read.defines,
      unsettled: read.unsettled,
      prepares: preparedBy(read),
      late: read.late,
      explain: before === null ? questionsOf(toRun, toPrepare, scales) : [],
      facts: [runsPrepared, state.session.searchPath, state.session.transaction.kind],
      consequence: consequence(state, read, decision.policies, open.connection),
    };
    const judged = { ...judgements.of(decision, principal, open, executed), ...facts };
    if (judged.decision === "deny") return judged;
    if (Math.min(volume.rowsMax, volume.bytesMax) === 0 && executed.some(returnsRows)) {
      return judgements.refuse(volumeExhausted, catalog.digest);
    }
    for (const analysis of prepared) {
      const decided = judgements.decide(principal, open.connection, [analysis]);
      if (decided.decision !== "deny") continue;
      return { ...judgements.of(decided, principal, open, [analysis]), ...facts };
    }
    if (decision.everything) return { ...judged, plan: verbatim };
    const refusal = refusedWriting(read.written, decision.revealed);
    if (refusal !== null) return judgements.refuse(refusal, catalog.digest);
    const all = [...executed, ...prepared];
    const planned = maskPlan(positions, all, decision.revealed, config.classes);
    // An expression that is evaluated and thrown away reads a class that no lineage names, and its
    // error may repeat the value.
    const classified = all.some(({ relations }) => {
      return relations.some((relation) => isClassified(schema, relation));
    });
    // What was deferred is checked now, and its error names values of whatever came before.
    const checksDeferred = executed.length === 0 ||
      executed.some(({ command }) => deferredCheckedBy.has(command));
    const errors = classified || checksDeferred ? "generic" : planned.errors;
    return { ...judged, plan: { ...planned, errors } };
  }

  /**
   * What was not understood may have every effect and show everything. Who is permitted all of it
   * is told by the server what is wrong with it, if anything is; for anybody else this is null.
   */
  function unread(state: PostgresState, open: Open, principal: PrincipalChain): Judgement | null {
    const decision = judgements.decide(principal, open.connection, [unreadAnalysis]);
    if (decision.decision !== "allow" || !decision.everything) return null;
    const judged = judgements.of(decision, principal, open, [unreadAnalysis]);
    const volume = volumes.left(decision.policies, open.connection, state.volume);
    const after = consequence(state, null, decision.policies, open.connection);
    return { ...judged, volume, defines: null, plan: verbatim, consequence: after };
  }

  function consequence(
    state: PostgresState,
    understood: Read | null,
    policies: readonly string[],
    connection: string,
  ): Consequence {
    return {
      allowed() {
        const known = catalogs.get(connection);
        state.judgedBy = known === undefined ? arrivals : cameAt(known.catalog.digest, connection);
        // The server plans what the bytes name, and may keep the plan though all of them fail.
        const planned = [...understood?.changes ?? [], ...understood?.planned ?? []];
        state.session = planned.flatMap(plannedIn).reduce(applyChange, state.session);
        // What is not understood may have compared anything.
        state.probes = understood === null
          ? "uncounted"
          : seenWith(state.probes, understood.probed);
      },
      settled: (outcome: Outcome) => {
        settleSession(state, understood, outcome, volumes.allowedBy(policies));
        state.copying = outcome.status === "executed" ? understood?.written.copying ?? null : null;
        if (!state.copyRefused) return;
        // The server was made to give the COPY up, and with it whatever it stood in.
        state.copyRefused = false;
        state.refused = false;
      },
    };
  }

  /** The opening asks for nothing. */
  function opened(state: PostgresState): Consequence {
    return { ...consequence(state, null, [], ""), allowed() {} };
  }

  function understood(asked: Asked, state: PostgresState, connection: string): Read | null {
    const known = catalogs.get(connection);
    if (known === undefined || asked.bytes === null || asked.request === 0) return null;
    const read = readBytes(asked.bytes, state, known);
    return read.kind === "understood" ? read : null;
  }

  function readBytes(
    bytes: Uint8Array,
    state: PostgresState,
    known: Known,
  ): Read | Misunderstood {
    if (state.refused && isAbortTransaction(bytes)) return aborting;
    const { schema } = known;
    const { checksInput } = schema.hidden;
    let unsettled = true;
    let late = false;
    const analyse = (sql: string, session: SessionState, types: readonly number[]): Analysed => {
      unsettled &&= session.unsettled;
      late ||= mayReadLate(sql, schema.hidden);
      return castingParameters(analyser.analyse(sql, session, schema), types, session, schema);
    };
    const { session, portals, digest } = state;
    const read = understand(bytes, session, portals, analyse, ports.requestLimits, digest);
    if (read.kind === "refused") return read;
    const defines = definedBy(read, known.hasDefiningCode);
    late ||= read.bindsLate || checksInput && read.bindsParameters ||
      read.executed.some(({ details }) => details.includes(looksUpLate));
    return { ...read, written: guard(bytes, state, schema), defines, unsettled, late };
  }
}

/** What a refused transaction still takes: its end, and what aborts it at the server. */
function mayFollow(read: Understood, bytes: Uint8Array): boolean {
  return isAbortTransaction(bytes) || isAbortCopy(bytes) || endsTransaction(read);
}

/** One statement that fails, and changes nothing but the transaction. */
const aborting: Read = {
  kind: "understood",
  executed: [emptyAnalysis],
  prepared: [],
  texts: { executed: [null], prepared: [] },
  positions: [],
  changes: [null],
  protocolChanges: [],
  portals: new Map(),
  parsed: [],
  runsPrepared: [],
  probed: [],
  synced: true,
  resumes: false,
  planned: [],
  bindsParameters: false,
  bindsLate: false,
  written: { into: [], unreadable: false, copying: null },
  defines: undefined,
  unsettled: true,
  late: false,
};

function returnsRows({ columns, copy }: StatementAnalysis): boolean {
  return columns !== null || copy?.direction === "out";
}

/** Only ROLLBACK (or the like) is asked for: what an aborted transaction still takes. */
function endsTransaction({ executed }: Understood): boolean {
  return executed.length > 0 && executed.every(({ command }) => command === "ROLLBACK");
}

/** Constraints and triggers may be deferred up to these (or to the Sync of a batch, alone). */
const deferredCheckedBy: ReadonlySet<string> = new Set([
  "COMMIT",
  "PREPARE TRANSACTION",
  "SET CONSTRAINTS",
]);
/** The server's greeting holds settings only; masking keeps the words of its notices back. */
const connectPlan: MaskPlan = { results: [], errors: "keep" };
const verbatim: MaskPlan = { results: [], errors: "keep", verbatim: true };
const tooLarge: Refusal = {
  code: "too_complex",
  message: "the request is larger than what is judged",
  position: null,
};
/** A session waits for the catalog that its own definition made, and others make more meanwhile. */
const catalogsRememberedMax = 256;
/** CopyData, CopyDone and CopyFail. */
const copyTags: ReadonlySet<number> = new Set([0x64, 0x63, 0x66]);
const standsAlone: Refusal = {
  code: "malformed_message",
  message: "a request of this protocol belongs to no other",
  position: null,
};
