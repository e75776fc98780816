/**
 * Replay, compared whole, so that a change of what is shown is read in the difference.
 *
 * @module
 */
import { deepStrictEqual, ok, rejects, strictEqual } from "node:assert/strict";
import type { StoredMessage } from "#actors/_kit/bus.ts";
import {
  approvalPayload,
  frameList,
  honestFrames,
  openPayload,
  outcomePayload,
  startMs,
  verdictPayload,
} from "#actors/audit/testing.ts";
import { maskedHeader } from "#schemas/frames.ts";
import { backendBytes, type BackendMessage } from "#schemas/wire/postgres/backend.ts";
import { errorResponse } from "#schemas/wire/postgres/error_response.ts";
import { frontendBytes, type FrontendMessage } from "#schemas/wire/postgres/frontend.ts";
import { asciicast, renderReplay, replayJson } from "./render.ts";
import { replayLimits, timelineOf } from "./timeline.ts";

const encoder = new TextEncoder();
const collect = Array.fromAsync;
const digest = "0".repeat(64);

Deno.test("renderReplay() shows who asked, what was decided and what the agent saw", async () => {
  strictEqual(await shown(clinicSession()), golden);
});

Deno.test("renderReplay() keeps the pauses at the speed that was asked for", async () => {
  const delays = async (speed: number, pauseMsMax?: number) => {
    const options = pauseMsMax === undefined ? { speed } : { speed, pauseMsMax };
    const chunks = await collect(renderReplay(timeline(clinicSession().slice(0, 3)), options));
    return chunks.map(({ delayMs }) => delayMs);
  };
  deepStrictEqual(await delays(1), [0, 100, 100]);
  deepStrictEqual(await delays(4), [0, 25, 25]);
  deepStrictEqual(await delays(Infinity), [0, 0, 0]);
  deepStrictEqual(await delays(1, 60), [0, 60, 60]);
  await rejects(collect(renderReplay([], { speed: 0 })), RangeError);
  await rejects(collect(renderReplay([], { speed: Number.NaN })), RangeError);
});

Deno.test("asciicast() is a header, relative events and an exit, one JSON a line", async () => {
  const lines = await collect(asciicast(timeline(clinicSession()), { title: "s1" }));
  const [header, ...events] = lines.map((line) => JSON.parse(line));
  const timestamp = Math.floor((startMs + 100) / 1000);
  deepStrictEqual(header, { version: 3, term: { cols: 120, rows: 40 }, timestamp, title: "s1" });
  deepStrictEqual(events.at(-1), [0, "x", "0"]);
  ok(events.slice(0, -1).every(([seconds, code]) => seconds >= 0 && code === "o"));
  const text = events.slice(0, -1).map(([, , data]) => data).join("");
  strictEqual(text.replaceAll("\r\n", "\n"), golden);
  const empty = await collect(asciicast([]));
  strictEqual(JSON.parse(empty[0] ?? "").version, 3);
});

Deno.test("replayJson() gives each entry as JSON, without token, parameter or raw byte", async () => {
  const lines = await collect(replayJson(timeline(clinicSession())));
  const kinds = lines.map((line) => JSON.parse(line).kind);
  deepStrictEqual(kinds.slice(0, 4), ["opened", "verdict", "outcome", "request"]);
  const all = lines.join("");
  for (const secret of ["4711", "token", "Rosalind"]) ok(!all.includes(secret), secret);
});

Deno.test("a statement whose literals cannot be masked is withheld", async () => {
  const frames = clinicSession();
  const entries = await collect(timelineOf(frames, { maskSql: () => null }));
  const [request] = entries.filter(({ kind }) => kind === "request");
  ok(request?.kind === "request");
  strictEqual(request.statements[0]?.text, "[statement of 51 characters, withheld]");
});

Deno.test("nothing an agent or a database sent can drive the terminal", async () => {
  const evil = "\u001b]0;owned\u0007\u009b2J\r\u202e";
  const list = frameList();
  const open = openPayload();
  const principal = { ...open.principal, name: evil, purpose: evil };
  list.say("open", 0, { ...open, principal, client: { ...open.client, application: evil } });
  ask(list, 1, { kind: "query", text: evil }, {
    kind: "parse",
    statement: evil,
    text: evil,
    parameterTypes: [],
  });
  answer(
    list,
    1,
    0,
    columns([evil]),
    row([evil]),
    { kind: "command_complete", tag: evil },
    errorResponse({
      severity: "ERROR",
      sqlstate: "42501",
      message: evil,
      detail: evil,
      hint: evil,
    }),
    { kind: "notification_response", processId: 1, channel: evil, payload: evil },
    { kind: "copy_data", data: encoder.encode(evil) },
  );
  const approval = approvalPayload("voted", 1, "eve");
  if (approval.by !== null) approval.by.justification = evil;
  list.say("approval", 1, approval);
  const text = (await collect(renderReplay(timeline(list.frames), { speed: 1 })))
    .map((chunk) => chunk.text).join("");
  ok(text.includes("\\x1b"), "made visible");
  // deno-lint-ignore no-control-regex -- control characters are what must not be there
  ok(!/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202a-\u202e]/.test(text));
});

Deno.test("output is bounded: rows, values and COPY are counted where they are not shown", async () => {
  const list = frameList();
  const rows = Array.from({ length: 5 }, (_, index) => row([`${index}`, "x".repeat(500)]));
  answer(list, 1, 0, columns(["id", "note"]), ...rows);
  answer(list, 1, 1, ...rows, { kind: "command_complete", tag: "SELECT 10" });
  answer(list, 1, 2, { kind: "copy_out_response", format: 0, columnFormats: [0] });
  answer(list, 1, 3, { kind: "copy_data", data: encoder.encode("abc\ndef\n") });
  answer(list, 1, 4, { kind: "copy_data", data: encoder.encode("ghi\n") });
  const limits = { ...replayLimits, rowsMax: 6, copyBytesMax: 8 };
  const entries = await collect(timelineOf(list.frames, { limits }));
  const items = entries.flatMap((entry) => entry.kind === "output" ? entry.items : []);
  const tables = items.filter((item) => item.kind === "rows");
  deepStrictEqual(
    tables.map(({ rows, omitted, begins }) => [rows.length, omitted, begins]),
    [[5, 0, true], [1, 4, false]],
  );
  ask(list, 2, { kind: "query", text: "x".repeat(100) });
  const small = { ...limits, requestBytesMax: 50 };
  const asked = (await collect(timelineOf(list.frames, { limits: small }))).at(-1);
  ok(asked?.kind === "request" && asked.omitted === 1 && asked.bytes === 106);
  const copies = items.filter((item) => item.kind === "copy");
  deepStrictEqual(copies.map(({ lines, omittedBytes }) => [lines, omittedBytes]), [
    [["abc", "def"], 0],
    [[], 4],
  ]);
});

Deno.test("a response part stored twice is shown once, and bytes that are no protocol are named", async () => {
  const list = frameList();
  answer(list, 1, 0, { kind: "command_complete", tag: "BEGIN" });
  answer(list, 1, 0, { kind: "command_complete", tag: "BEGIN" });
  list.add("response", { request: 1, part: 1 }, encoder.encode("\u0000\u0000\u0000\u0000\u0000"));
  answer(list, 1, 2, { kind: "command_complete", tag: "COMMIT" });
  answer(list, 2, 3, { kind: "command_complete", tag: "SELECT 1" });
  const entries = await collect(timeline(list.frames));
  const items = entries.flatMap((entry) => entry.kind === "output" ? entry.items : []);
  deepStrictEqual(items, [
    { kind: "complete", tag: "BEGIN" },
    { kind: "unreadable" },
    { kind: "complete", tag: "SELECT 1" },
  ]);
});

Deno.test("binary values of simple types are shown as what they are", async () => {
  const list = frameList();
  const types = [23, 20, 16, 2950, 1082];
  const fields = types.map((typeOid, index) => field(`c${index}`, typeOid, 1));
  const values = ["fffffffe", "0000000000000007", "01", "0123456789abcdef0123456789abcdef", "00ff"];
  answer(list, 1, 0, { kind: "row_description", fields }, {
    kind: "data_row",
    values: [...values.map((hex) => Uint8Array.fromHex(hex)), null],
  });
  const [entry] = await collect(timeline(list.frames));
  ok(entry?.kind === "output");
  const [item] = entry.items;
  ok(item?.kind === "rows");
  const uuid = "01234567-89ab-cdef-0123-456789abcdef";
  deepStrictEqual(item.rows, [["-2", "7", "t", uuid, "\\x00ff", null]]);
  strictEqual(item.columns[5], "column6");
});

Deno.test("frames that are not understood stand in the timeline", async () => {
  const [first, ...rest] = honestFrames();
  ok(first !== undefined);
  const broken: StoredMessage[] = [{ ...first, payload: encoder.encode("{}") }, {
    ...first,
    headers: new Map(),
  }, ...rest];
  const entries = await collect(timeline(broken));
  deepStrictEqual(
    entries.slice(0, 2).map((entry) => entry.kind === "unreadable" ? entry.frame : null),
    ["open", "unknown"],
  );
});

function clinicSession(): StoredMessage[] {
  const list = frameList();
  list.say("open", 0, openPayload());
  const opened = list.say("verdict", 0, verdictPayload(0, digest, "allow"));
  list.say("outcome", 0, outcomePayload(0, digest, opened));
  const text = "select id, name from patients where name='Rosalind'";
  ask(list, 1, { kind: "query", text });
  const allowed = list.say("verdict", 1, verdictPayload(1, digest, "allow"));
  answer(list, 1, 0, columns(["id", "name"]), row(["1", "[name]"]), row([null, "見本"]));
  answer(
    list,
    1,
    1,
    row(["1000", "[name]"]),
    { kind: "command_complete", tag: "SELECT 3" },
    { kind: "ready_for_query", status: "idle" },
  );
  list.say("outcome", 1, outcomePayload(1, digest, allowed));
  ask(
    list,
    2,
    { kind: "parse", statement: "s1", text: "delete from visits\nwhere id=$1", parameterTypes: [] },
    {
      kind: "bind",
      portal: "",
      statement: "s1",
      parameterFormats: [],
      parameters: [encoder.encode("4711"), null],
      resultFormats: [],
    },
    { kind: "execute", portal: "", rowsMax: 0 },
    { kind: "sync" },
  );
  const needs = [{ group: "compliance", quorum: 2, expiresMs: 900_000, policies: ["bulk"] }];
  const approval = { id: "ap1", needs, binding: "b".repeat(64) };
  list.say("verdict", 2, verdictPayload(2, digest, "hold", approval));
  list.say("approval", 2, approvalPayload("asked", 2, null));
  list.say("approval", 2, approvalPayload("voted", 2, "grace"));
  list.say("approval", 2, approvalPayload("expired", 2, null));
  list.say("verdict", 2, verdictPayload(2, digest, "deny"));
  list.say("close", 2, {
    version: 1,
    reason: "terminate",
    requests: 2,
    released: null,
    closedAt: "2026-11-21T09:00:00Z",
  });
  return list.frames;
}

const golden = `\
09:00:00  session opens: Ada (ada) through agent-7
          to ehr as ada, purpose TREAT, psql
09:00:00  verdict on 0: allow by p1
09:00:00  outcome of 0: executed, 1 row, 12 ms
09:00:00  request 1, 57 bytes
> query select id, name from patients where name='…'
09:00:00  verdict on 1: allow by p1
 id | name
----+--------
 1  | [name]
 ∅  | 見本
          masked: 3 name
 1000 | [name]
SELECT 3
          masked: 3 name
09:00:00  outcome of 1: executed, 1 row, 12 ms
09:00:00  request 2, 83 bytes
> parse s1: delete from visits
>   where id=$1
> bind s1: $1 text, 4 bytes; $2 NULL
> execute portal (unnamed)
09:00:01  verdict on 2: hold by p1
          not permitted
          hint: ask
09:00:01  approval ap1: asked: 2 of compliance, until 2026-11-21T09:15:00.000Z
09:00:01  approval ap1: approved by grace (grace)
          because: looked at it
09:00:01  approval ap1: expired
09:00:01  verdict on 2: deny by p1
          not permitted
          hint: ask
09:00:01  session closes: terminate, 2 requests
`;

type List = ReturnType<typeof frameList>;
function ask(list: List, request: number, ...messages: FrontendMessage[]): void {
  list.add("request", { request }, frontendBytes(...messages));
}
function answer(list: List, request: number, part: number, ...messages: BackendMessage[]): void {
  const headers = messages.some(({ kind }) => kind === "data_row")
    ? [[maskedHeader, "name=3"] as const]
    : [];
  list.add("response", { request, part }, backendBytes(...messages), headers);
}
function field(name: string, typeOid: number, format: 0 | 1) {
  return { name, tableOid: 0, attribute: 0, typeOid, typeSize: -1, typeModifier: -1, format };
}
function columns(names: readonly string[]): BackendMessage {
  return { kind: "row_description", fields: names.map((name) => field(name, 25, 0)) };
}
function row(values: readonly (string | null)[]): BackendMessage {
  const bytes = values.map((value) => value === null ? null : encoder.encode(value));
  return { kind: "data_row", values: bytes };
}
function timeline(frames: readonly StoredMessage[]) {
  return timelineOf(frames);
}
async function shown(frames: readonly StoredMessage[]): Promise<string> {
  const chunks = await collect(renderReplay(timeline(frames), { speed: 1 }));
  return chunks.map(({ text }) => text).join("");
}
