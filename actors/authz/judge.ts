/**
 * The judge: policy, catalogs and parser behind one small face, so that the actor stays pure and
 * the live reload of any of them is one assignment.
 *
 * @module
 */
import type { Effect, Refusal, StatementAnalysis } from "#schemas/analysis.ts";
import type { Catalog } from "#schemas/catalog.ts";
import type { Config } from "#schemas/config.ts";
import type { ApprovalNeed, Open, PrincipalChain, Reason } from "#schemas/frames.ts";
import { type MaskPlan, maskWhole } from "#schemas/mask_plan.ts";
import type { SessionKey } from "#schemas/subjects.ts";
import { type IdentityKeys, verifyIdentityToken } from "#actors/_kit/identity_token.ts";
import { identityIssuer } from "#schemas/identity.ts";
import { type Analysed, type AnalysisLimits } from "./analysis/analyse.ts";
import { createAnalyser } from "./analyser.ts";
import { indexCatalog, isClassified, type Schema } from "./analysis/catalog_index.ts";
import type { Parser } from "./analysis/parser.ts";
import { type SessionState, settled } from "./analysis/session.ts";
import type { PolicySet } from "./policy/cedar.ts";
import { createDecider, type Decider, type Decision } from "./policy/decide.ts";
import { explain, permittedEffects } from "./policy/explain.ts";
import { maskPlan } from "./policy/plan.ts";
import { connectAnalysis, parameterAnalysis, unreadAnalysis } from "./policy/situation.ts";
import { type Misunderstood, type RequestLimits, understand, type Understood } from "./request.ts";
import type { AuthzState } from "./state.ts";
import { startupSession } from "./startup_parameters.ts";
import { noCatalog, notAdmitted, parameterRefused, unjudgeable } from "./verdicts.ts";

export type Principal = PrincipalChain;
/** The result of checking an `open`: who it is by identity's signature, and the session's start. */
export type Admission =
  | {
    readonly ok: true;
    readonly principal: Principal;
    readonly session: SessionState;
    /** A start-up parameter that takes the right to administer; null when none does. */
    readonly administers: string | null;
  }
  | { readonly ok: false; readonly reason: Reason };

export type Judgement = {
  readonly decision: "allow" | "deny" | "hold";
  readonly policies: readonly string[];
  readonly policyVersion: string;
  readonly configDigest: string;
  readonly catalogDigest: string | null;
  readonly reasons: readonly Reason[];
  readonly needs: readonly ApprovalNeed[];
  readonly statements: readonly StatementAnalysis[];
  readonly plan: MaskPlan;
  readonly parsed: readonly string[] | null;
  readonly durationMsMax: number;
  readonly runsPrepared: readonly string[];
  /** What the request asks for; null when it was not understood or asks for a session. */
  readonly understood: Understood | null;
  /** Only ROLLBACK (or the like) is asked for: what an aborted transaction still takes. */
  readonly endsTransaction: boolean;
};

export type Judge = {
  admit(open: Open, key: SessionKey, timeMs: number): Admission;
  connect(open: Open | null, admission: Admission | null): Judgement;
  request(
    bytes: Uint8Array | null,
    state: AuthzState,
    principal: Principal,
    open: Open,
  ): Judgement;
  /** What a request asks for, for the session's book-keeping; null when it cannot be understood. */
  understand(bytes: Uint8Array, state: AuthzState, open: Open): Understood | null;
  knowsCatalog(connection: string, digest: string): boolean;
  settled(session: SessionState): SessionState;
};

export type JudgePorts = {
  readonly config: Config;
  readonly configDigest: string;
  readonly policy: () => PolicySet;
  readonly identityKeys: IdentityKeys;
  readonly parser: Parser;
  readonly analysisLimits: AnalysisLimits;
  readonly requestLimits: RequestLimits;
};

type Known = { readonly catalog: Catalog; readonly schema: Schema };

/** Creates the judge; catalogs are given to it as they come. */
export function createJudge(ports: JudgePorts) {
  const { config, configDigest } = ports;
  const catalogs = new Map<string, Known>();
  const seen = new Map<string, Set<string>>();
  const analyser = createAnalyser(ports.parser, ports.analysisLimits);
  let decider: { readonly policy: PolicySet; readonly decider: Decider } | null = null;

  const judge: Judge = { admit, connect, request, understand: understood, knowsCatalog, settled };
  return { judge, onCatalog, onCatalogBroken };

  function onCatalog(catalog: Catalog): void {
    const schema = indexCatalog(catalog, config.classes);
    catalogs.set(catalog.connection, { catalog, schema });
    analyser.forget();
    const digests = seen.get(catalog.connection) ?? new Set();
    seen.set(catalog.connection, digests.add(catalog.digest));
  }

  function onCatalogBroken(connection: string): void {
    catalogs.delete(connection);
    analyser.forget();
  }

  function knowsCatalog(connection: string, digest: string): boolean {
    return seen.get(connection)?.has(digest) ?? false;
  }

  function admit(open: Open, key: SessionKey, timeMs: number): Admission {
    const verified = verifyIdentityToken(open.token, ports.identityKeys, {
      issuer: identityIssuer(config.organisation),
      audience: "edge",
      connection: open.connection,
      session: key.session,
    }, timeMs / 1000);
    if (!verified.ok) {
      return { ok: false, reason: notAdmitted(`the token is not good: ${verified.code}`) };
    }
    const { principal } = verified;
    if (JSON.stringify(principal) !== JSON.stringify(open.principal)) {
      return { ok: false, reason: notAdmitted("the session's principal is not the token's") };
    }
    const known = catalogs.get(open.connection);
    const start = startupSession(open.parameters, known?.schema.searchPath ?? null);
    return { ok: true, principal, ...start };
  }

  function connect(open: Open | null, admission: Admission | null): Judgement {
    if (open === null || admission === null) {
      return refuse(notAdmitted("the session's opening is not understood"), null);
    }
    if (!admission.ok) return refuse(admission.reason, null);
    if (!catalogs.has(open.connection)) {
      const known = Object.hasOwn(config.connections, open.connection);
      return refuse(known ? noCatalog : unknownConnection(open.connection), null);
    }
    const { principal, administers } = admission;
    if (administers !== null) {
      const allowed = deciderOf().decide(principal, open.connection, [parameterAnalysis]);
      if (allowed.decision !== "allow") return refuse(parameterRefused(administers), null);
    }
    const decision = deciderOf().decide(principal, open.connection, [connectAnalysis]);
    const judged = judgementOf(decision, principal, open, []);
    // A session opens or it does not: there is no way to hold a login open for approval.
    const held = judged.decision === "hold";
    const plan = decision.everything ? verbatim : connectPlan;
    return { ...judged, decision: held ? "deny" : judged.decision, plan };
  }

  function request(
    bytes: Uint8Array | null,
    state: AuthzState,
    principal: Principal,
    open: Open,
  ): Judgement {
    const known = catalogs.get(open.connection);
    const digest = known?.catalog.digest ?? null;
    if (known === undefined) return refuse(noCatalog, digest);
    if (bytes === null) return refuse(unjudgeable(tooLarge), digest);
    const asked = read(bytes, state, known);
    if (asked.kind === "refused") {
      return unread(principal, open) ?? refuse(unjudgeable(asked.refusal), digest);
    }
    const { executed, prepared, positions, parsed, runsPrepared } = asked;
    const decision = deciderOf().decide(principal, open.connection, executed);
    const judged = judgementOf(decision, principal, open, executed);
    const endsTransaction = executed.length > 0 &&
      executed.every(({ command }) => command === "ROLLBACK");
    const understood = asked;
    const facts = { runsPrepared, parsed, endsTransaction, catalogDigest: digest, understood };
    if (judged.decision === "deny") return { ...judged, ...facts };
    for (const analysis of prepared) {
      const later = deciderOf().decide(principal, open.connection, [analysis]);
      if (later.decision !== "deny") continue;
      return { ...judgementOf(later, principal, open, [analysis]), ...facts };
    }
    if (decision.everything) return { ...judged, ...facts, plan: verbatim };
    const all = [...executed, ...prepared];
    const planned = maskPlan(positions, all, decision.revealed, config.classes);
    // An expression that is evaluated and thrown away reads a class that no lineage names, and its
    // error may repeat the value.
    const classified = all.some(({ relations }) => {
      return relations.some((relation) => isClassified(known.schema, relation));
    });
    const errors = classified ? "generic" : planned.errors;
    return { ...judged, ...facts, plan: { ...planned, errors } };
  }

  /**
   * What was not understood may have every effect and show everything. Who is permitted all of it
   * is told by the server what is wrong with it, if anything is; for anybody else this is null.
   */
  function unread(principal: Principal, open: Open): Judgement | null {
    const decision = deciderOf().decide(principal, open.connection, [unreadAnalysis]);
    if (decision.decision !== "allow" || !decision.everything) return null;
    return { ...judgementOf(decision, principal, open, [unreadAnalysis]), plan: verbatim };
  }

  function understood(bytes: Uint8Array, state: AuthzState, open: Open): Understood | null {
    const known = catalogs.get(open.connection);
    const asked = known === undefined ? null : read(bytes, state, known);
    return asked?.kind === "understood" ? asked : null;
  }

  function read(bytes: Uint8Array, state: AuthzState, known: Known): Understood | Misunderstood {
    const analyse = (sql: string, session: SessionState): Analysed =>
      analyser.analyse(sql, session, known.schema);
    return understand(bytes, state.session, state.portals, analyse, ports.requestLimits);
  }

  function deciderOf(): Decider {
    const policy = ports.policy();
    if (decider?.policy !== policy) decider = { policy, decider: createDecider(policy) };
    return decider.decider;
  }

  function judgementOf(
    decision: Decision,
    principal: Principal,
    open: Open,
    statements: readonly StatementAnalysis[],
  ): Judgement {
    const policy = ports.policy();
    const { connection } = open;
    const permitted = decision.decision === "deny"
      ? permittedEffects(policy, principal, connection, hintEffects)
      : [];
    return {
      ...refuse(null, null),
      decision: decision.decision,
      policies: decision.policies,
      reasons: explain(decision, connection, config.limits.bulk_rows, permitted),
      needs: decision.approvals,
      statements: statements.slice(0, statementsRecordedMax),
    };
  }

  function refuse(reason: Reason | null, catalogDigest: string | null): Judgement {
    return {
      decision: "deny",
      policies: [],
      policyVersion: ports.policy().version,
      configDigest,
      catalogDigest,
      reasons: reason === null ? [] : [reason],
      needs: [],
      statements: [],
      plan: maskWhole,
      parsed: null,
      durationMsMax: config.limits.statement_ms_max,
      runsPrepared: [],
      understood: null,
      endsTransaction: false,
    };
  }
}

/** Statements of one request kept in its verdict; all are judged. */
const statementsRecordedMax = 64;
/** Effects that a refusal's hint may name. */
const hintEffects: readonly Effect[] = ["read", "write", "export", "execute", "define"];
/** The server's greeting holds settings only; an error in it passes in generic words. */
const connectPlan: MaskPlan = { results: [], errors: "keep" };
const verbatim: MaskPlan = { results: [], errors: "keep", verbatim: true };
const tooLarge: Refusal = {
  code: "too_complex",
  message: "the request is larger than what is judged",
  position: null,
};

function unknownConnection(name: string): Reason {
  return {
    code: "unknown_connection",
    policy: null,
    message: `there is no connection "${name.slice(0, 63)}"`,
    detail: "",
    hint: "Name a connection as the database, for example dbname=ehr.",
    sqlstate: "3D000",
  };
}
