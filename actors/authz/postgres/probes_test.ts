/** Guesses at a class are counted over a session, whatever form they come in. */
import { deepStrictEqual, notStrictEqual, strictEqual } from "node:assert/strict";
import { Config } from "#schemas/config.ts";
import type { Outcome } from "#schemas/frames.ts";
import { frontendBytes, type FrontendMessage } from "#schemas/wire/postgres/frontend.ts";
import { joinBytes } from "#schemas/join_bytes.ts";
import { config } from "../policy/testing.ts";
import { admitted, asked, executed } from "./testing.ts";
import { createDigest, type Probed, probesMax, seenWith } from "./probes.ts";

const classes = Config.shape.classes.parse({ ssn: { columns: ["*.*.ssn"] }, mrn: {} });
const policyText = `
@id("all") permit (principal, action, resource) unless { action == Action::"reveal" };
@id("guesses") forbid (principal, action == Action::"filter_by", resource)
  when { context.probes > 3 };
@id("uncounted") forbid (principal, action == Action::"filter_by", resource)
  when { context.probes > 1000000 };
`;

Deno.test("distinct values of a class are counted over a session, once each", () => {
  const session = openSession();
  strictEqual(session.run(query("select id from patients where ssn = '1'")), "1");
  strictEqual(session.run(query("select id from patients where ssn = '1' and id = '9'")), "1");
  strictEqual(session.run(query("select id from patients where ssn in ('1', '2')")), "2");
  strictEqual(session.run(query("select id from patients order by ssn")), "2");
  strictEqual(session.run(query("select id from patients where id = '7'")), "-");
  strictEqual(session.run(query("select 1; select id from patients where ssn = '3'")), "3");
  strictEqual(session.run(query("select id from patients where ssn = '4'")), "guesses");
  strictEqual(session.run(query("select id from patients where ssn = '3'")), "3");
});

Deno.test("one request may not ask for more than is left", () => {
  const session = openSession();
  const many = "select id from patients where ssn in ('1', '2', '3', '4')";
  strictEqual(session.run(query(many)), "guesses");
  const several = ["1", "2", "3", "4"].map((ssn) => `select id from patients where ssn = '${ssn}'`);
  strictEqual(session.run(query(several.join("; "))), "guesses");
  strictEqual(session.run(query(several.slice(0, 3).join("; "))), "3");
});

Deno.test("a parameter is the value that it has, alone or in an array, in both formats", () => {
  const session = openSession();
  const one = "select id from patients where ssn = $1";
  const any = "select id from patients where ssn = any ($1)";
  strictEqual(session.run(query("select id from patients where ssn = '1'")), "1");
  strictEqual(session.run(bound(one, "1")), "1");
  strictEqual(session.run(bound(one, "2")), "2");
  strictEqual(session.run(bound(any, "{1,2}")), "2");
  strictEqual(session.run(bound(any, arrayOf("2", "3"))), "3");
  strictEqual(session.run(bound(any, "{1,4}")), "guesses");
  strictEqual(session.run(bound(any, arrayOf("4"))), "guesses");
  strictEqual(session.run(bound(one, "4")), "guesses");
});

Deno.test("a portal keeps the values it was bound to", () => {
  const session = openSession();
  const [parse, bind, execute, sync] = messagesOf("select id from patients where ssn = $1", "1");
  strictEqual(session.run([parse, bind], { transaction: "T" }), "-");
  strictEqual(session.run([execute, sync]), "1");
});

Deno.test("EXECUTE counts its arguments", () => {
  const session = openSession();
  const prepare = "prepare p as select id from patients where ssn in ($1, $2)";
  strictEqual(session.run(query(prepare)), "0");
  strictEqual(session.run(query("execute p ('1', '2')")), "2");
  strictEqual(session.run(query("execute p ('2', '3')")), "3");
  strictEqual(session.run(query("execute p ('3', '4')")), "guesses");
});

Deno.test("values that nobody can count are too many for any limit, from then on", () => {
  for (
    const text of [
      "select 1 from patients join departments on code = ssn",
      "select 1 from patients where ssn in (select g::text from generate_series(1, 9) g)",
      "select 1 from patients where ssn = any (string_to_array('1,2', ','))",
    ]
  ) strictEqual(openSession().run(query(text)), "guesses+uncounted", text);
});

Deno.test("a refused request counts for nothing, a failed one for what it asked", () => {
  const session = openSession();
  strictEqual(
    session.run(query("select 1 from patients where ssn in ('1','2','3','4')")),
    "guesses",
  );
  strictEqual(
    session.run(query("select 1 from patients where ssn = '5'"), { status: "failed" }),
    "1",
  );
  strictEqual(session.run(query("select 1 from patients where ssn = '6'")), "2");
});

Deno.test("a replayed session has counted the same", () => {
  const texts = ["'1'", "'2'", "'1'"].map((ssn) => `select id from patients where ssn = ${ssn}`);
  const live = openSession();
  for (const text of texts) live.run(query(text));
  const replayed = openSession();
  for (const text of texts) replayed.replay(query(text));
  for (const session of [live, replayed]) {
    strictEqual(session.run(query("select id from patients where ssn = '3'")), "3");
    strictEqual(session.run(query("select id from patients where ssn = '4'")), "guesses");
  }
  // What was allowed and cannot be read any more may have compared anything.
  const unread = openSession();
  unread.replay(query("selekt"));
  strictEqual(unread.run(query("select id from patients where ssn = '1'")), "guesses+uncounted");
});

Deno.test("seenWith() never counts fewer, and stops at its limit", () => {
  const digest = createDigest("key");
  const probe = (text: string): Probed => {
    return { class: "ssn", digest: digest(new TextEncoder().encode(text)) };
  };
  const many = Array.from({ length: probesMax }, (_, index) => probe(`${index}`));
  const full = seenWith(new Map(), many);
  strictEqual(full !== "uncounted" && full.get("ssn")?.size, probesMax);
  const over = seenWith(full, [probe("one more")]);
  deepStrictEqual(over, new Map([["ssn", null]]));
  deepStrictEqual(seenWith(over, [probe("1")]), new Map([["ssn", null]]));
  strictEqual(seenWith("uncounted", [probe("1")]), "uncounted");
  notStrictEqual(createDigest("other")(new Uint8Array()), digest(new Uint8Array()));
});

/** `run` says how many values of ssn are counted, "-" when none are asked for, or what forbids. */
function openSession() {
  const session = admitted(policyText, { config: { ...config, classes } });
  session.understand(asked(new Uint8Array(), 0), []).allowed();
  return { run, replay };

  function run(messages: readonly FrontendMessage[], ends: Partial<Outcome> = {}) {
    const bytes = frontendBytes(...messages);
    const { decision, policies, reasons, consequence, statements } = session.request(
      asked(bytes),
    );
    if (decision === "deny") return policies.join("+") || (reasons.length > 0 ? "refused" : "");
    consequence.allowed();
    consequence.settled({ ...executed, ...ends });
    const filters = statements.flatMap((one) => one.filters ?? []);
    return filters.length === 0 ? "-" : String(Math.max(...filters.map((one) => one.probes ?? -1)));
  }

  function replay(messages: readonly FrontendMessage[]): void {
    const bytes = frontendBytes(...messages);
    const consequence = session.understand(asked(bytes), ["all"]);
    consequence.allowed();
    consequence.settled(executed);
  }
}

function query(text: string): readonly FrontendMessage[] {
  return [{ kind: "query", text }];
}

function bound(text: string, value: string | Uint8Array): readonly FrontendMessage[] {
  return messagesOf(text, value);
}

function messagesOf(text: string, value: string | Uint8Array) {
  const isText = typeof value === "string";
  return [
    { kind: "parse", statement: "", text, parameterTypes: [] },
    {
      kind: "bind",
      portal: "",
      statement: "",
      parameterFormats: [isText ? 0 : 1],
      parameters: [isText ? new TextEncoder().encode(value) : value],
      resultFormats: [],
    },
    { kind: "execute", portal: "", rowsMax: 0 },
    { kind: "sync" },
  ] as const;
}

/** array_send of text[]. */
function arrayOf(...elements: readonly string[]): Uint8Array {
  const header = new Uint8Array(20);
  const view = new DataView(header.buffer);
  [1, 0, 25, elements.length, 1].forEach((value, index) => view.setInt32(4 * index, value));
  return joinBytes([
    header,
    ...elements.flatMap((text) => {
      const length = new Uint8Array(4);
      new DataView(length.buffer).setInt32(0, text.length);
      return [length, new TextEncoder().encode(text)];
    }),
  ]);
}
