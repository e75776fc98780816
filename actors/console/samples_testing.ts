/**
 * Frames of a clinic's sessions, for tests and for looking at pages. Nobody in them exists.
 *
 * @module
 */
import { createHash } from "node:crypto";
import { emptyAnalysis, type StatementAnalysis } from "#schemas/analysis.ts";
import type { Approval, ApprovalNeed, Open, PrincipalChain, Verdict } from "#schemas/frames.ts";
import { maskedHeader, operationHeader } from "#schemas/frames.ts";
import { openOf as anyOpen, outcomeOf, verdictOf as anyVerdict } from "#schemas/frames_testing.ts";
import { backendBytes, type BackendMessage } from "#schemas/wire/postgres/backend.ts";
import { frontendBytes, type FrontendMessage } from "#schemas/wire/postgres/frontend.ts";
import { type ChannelMessage, encodeChannelMessages } from "#schemas/wire/ssh/channel.ts";
import { ana, type Rig, startMs } from "./testing.ts";

export const bindingOf = (id: string) => createHash("sha256").update(id).digest("hex");

export function openOf(principal: PrincipalChain): Open {
  return anyOpen({
    principal,
    token: "token",
    client: { address: "192.0.2.1", tls: "TLSv1.3", user: "ana", application: "psql" },
    openedAt: new Date(startMs).toISOString(),
    configDigest: "c",
  });
}

export function statementOf(change: Partial<StatementAnalysis> = {}): StatementAnalysis {
  return {
    ...emptyAnalysis,
    command: "SELECT",
    effects: ["read", "export"],
    relations: ["public.patients"],
    classesRead: ["mrn", "dob"],
    estimatedRows: 4812,
    estimatedBy: "planner",
    ...change,
  };
}

export function verdictOf(
  request: number,
  bytes: Uint8Array,
  decision: Verdict["decision"],
  change: Partial<Verdict> = {},
): Verdict {
  return anyVerdict({
    request,
    digest: createHash("sha256").update(bytes).digest("hex"),
    decision,
    policies: ["bulk-needs-compliance"],
    policyVersion: "v1",
    statements: [statementOf()],
    volume: { rowsMax: 50_000, rowsOf: "request", bytesMax: 1e9, bytesOf: "session" },
    ...change,
  });
}

export const need: ApprovalNeed = {
  group: "compliance",
  quorum: 1,
  expiresMs: 900_000,
  policies: ["bulk-needs-compliance"],
};

export function approvalOf(
  id: string,
  request: number,
  state: Approval["state"],
  atMs: number,
  by: Approval["by"] = null,
  needs: ApprovalNeed[] = [need],
): Approval {
  return {
    version: 1,
    id,
    request,
    binding: bindingOf(id),
    state,
    needs,
    link: null,
    by,
    at: new Date(atMs).toISOString(),
    expiresAt: new Date(atMs + 900_000).toISOString(),
  };
}

export function voteOf(
  person: string,
  decision: "approve" | "deny",
  justification: string,
): NonNullable<Approval["by"]> {
  const name = `${person.slice(0, 1).toUpperCase()}${person.slice(1)}`;
  const { issuer } = ana;
  return { issuer, person, name, groups: ["compliance"], token: "t", decision, justification };
}

export type HoldOptions = {
  readonly id?: string;
  readonly session?: string;
  readonly principal?: PrincipalChain;
  /** Later than 1: the session is open already. */
  readonly request?: number;
  readonly messages?: readonly FrontendMessage[];
  readonly statement?: Partial<StatementAnalysis>;
  readonly verdict?: Partial<Verdict>;
  readonly needs?: ApprovalNeed[];
  /** The bytes of the next request, which is stored before this one is judged. */
  readonly behind?: Uint8Array;
};

const bulkQuery = "select p.mrn, p.dob, count(*)\n  from patients p\n" +
  "  join encounters e on e.patient_id = p.id\n where e.started > '2026-01-01'\n group by 1, 2";

/** A session whose first request is held and waits for an approval. */
export async function hold(rig: Rig, options: HoldOptions = {}): Promise<void> {
  const { id = "ap1", session = "s1", principal = ana, request = 1, needs = [need] } = options;
  const messages = options.messages ?? [{ kind: "query", text: bulkQuery }];
  const bytes = frontendBytes(...messages);
  if (request === 1) await rig.say("open", 0, openOf(principal), session);
  await rig.add("request", request, bytes, { session });
  if (options.behind !== undefined) {
    await rig.add("request", request + 1, options.behind, { session });
  }
  const approval = { id, needs, binding: bindingOf(id) };
  const statements = [statementOf(options.statement)];
  const change = { approval, statements, ...options.verdict };
  await rig.say("verdict", request, verdictOf(request, bytes, "hold", change), session);
  const asked = approvalOf(id, request, "asked", rig.clock.nowMs(), null, needs);
  await rig.say("approval", request, asked, session);
}

/** Text rows as the server sends them. */
export function rowsOf(
  columns: readonly string[],
  rows: readonly (readonly (string | null)[])[],
): Uint8Array {
  const encoder = new TextEncoder();
  const messages: BackendMessage[] = [
    {
      kind: "row_description",
      fields: columns.map((name) => ({
        name,
        tableOid: 0,
        attribute: 0,
        typeOid: 25,
        typeSize: -1,
        typeModifier: -1,
        format: 0 as const,
      })),
    },
    ...rows.map((row) => ({
      kind: "data_row" as const,
      values: row.map((value) => value === null ? null : encoder.encode(value)),
    })),
    { kind: "command_complete", tag: `SELECT ${rows.length}` },
    { kind: "ready_for_query", status: "idle" },
  ];
  return backendBytes(...messages);
}

/** One allowed request with its masked answer. */
export async function answered(
  rig: Rig,
  request: number,
  sql: string,
  response: Uint8Array,
  options: { session?: string; masked?: string; rows?: number } = {},
): Promise<void> {
  const { session = "s1", masked = "", rows = 1 } = options;
  const bytes = frontendBytes({ kind: "query", text: sql });
  await rig.add("request", request, bytes, { session });
  const verdict = verdictOf(request, bytes, "allow", { policies: ["clinical-agents-read"] });
  const sequence = await rig.say("verdict", request, verdict, session);
  const headers: [string, string][] = masked === "" ? [] : [[maskedHeader, masked]];
  await rig.add("response", request, response, { session, headers });
  const outcome = outcomeOf({
    request,
    digest: verdict.digest,
    verdict: sequence,
    durationMs: 12,
    bytes: response.length,
    rows,
    commands: ["SELECT"],
    transaction: "I",
  });
  await rig.say("outcome", request, outcome, session);
}

const utf8 = new TextEncoder();

/** A person's shell over SSH: three lines, of which one is denied. */
export async function terminalSession(
  rig: Rig,
  session: string,
  by: PrincipalChain,
): Promise<void> {
  const client = { address: "192.0.2.7", tls: "SSH", user: by.person, application: "OpenSSH_10.0" };
  await rig.say("open", 0, { ...openOf(by), connection: "lab", protocol: "ssh", client }, session);
  const size = { columns: 80, rows: 12, widthPixels: 0, heightPixels: 0 };
  const pty = { kind: "pty", term: "xterm-256color", modes: new Uint8Array(0), ...size } as const;
  let part = 0;
  const asks = async (request: number, decision: "allow" | "deny", ...all: ChannelMessage[]) => {
    const bytes = encodeChannelMessages(all);
    const headers: [string, string][] = request > 1 ? [[operationHeader, "continues:1"]] : [];
    await rig.add("request", request, bytes, { session, headers });
    const reason = {
      code: "forbidden",
      policy: "no-reboot",
      message: "Nobody restarts the lab.",
      detail: "",
      hint: "",
      sqlstate: "42501",
    };
    const reasons = decision === "deny" ? [reason] : [];
    const change = { policies: ["lab-shell"], statements: [], reasons };
    await rig.say("verdict", request, verdictOf(request, bytes, decision, change), session);
    rig.clock.forward(900);
  };
  const shows = async (text: string, masked?: string) => {
    const bytes = encodeChannelMessages([{ kind: "data", data: utf8.encode(text) }]);
    const headers: [string, string][] = masked === undefined ? [] : [[maskedHeader, masked]];
    await rig.add("response", 1, bytes, { session, part: part++, headers });
    rig.clock.forward(400);
  };
  const prompt = "\x1b]0;lab\x07\x1b[1;32mnora@lab\x1b[0m:\x1b[34m~\x1b[0m$ ";
  const types = async (request: number, line: string, decision: "allow" | "deny" = "allow") => {
    for (const key of line) await shows(key);
    const enter = { kind: "data", data: utf8.encode("\r") } as const;
    await asks(request, decision, { kind: "line", screen: line, keys: line }, enter);
  };
  await asks(1, "allow", pty, { kind: "shell" });
  await shows(prompt);
  await types(2, "ls");
  await shows(`\r\nlabs.csv  notes.txt  \x1b[34mscans\x1b[0m\r\n${prompt}`);
  await types(3, "cat notes.txt");
  await shows("\r\nseen on ward B2, ssn [ssn], call [phone]\r\n", "ssn=1,phone=1");
  await shows(prompt);
  await types(4, "sudo reboot", "deny");
  await shows("\r\n\x1b[31msallyport: Nobody restarts the lab. [no-reboot]\x1b[0m\r\n");
  await shows(prompt);
}
