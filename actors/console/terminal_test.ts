/** Sessions over SSH at the console: played, jumped in, approved, ended. @module */
import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import { decodeControl } from "#schemas/frames.ts";
import { endSubject } from "#schemas/subjects.ts";
import { encodeChannelMessages } from "#schemas/wire/ssh/channel.ts";
import { browser, form, held, text } from "./callers_testing.ts";
import {
  approvalOf,
  bindingOf,
  need,
  openOf,
  statementOf,
  terminalSession,
  verdictOf,
} from "./samples_testing.ts";
import { ana, consoleUrl, person } from "./testing.ts";

const nora = person("nora", ["treatment-team"]);

Deno.test("a terminal's page plays it, and has a mark for each line that was judged", async () => {
  const { test, cookie } = await browser();
  await terminalSession(test, "s6", nora);
  const page = await text(test, "/sessions/s6", cookie);
  match(page, /data-cast="\/sessions\/s6\/cast"/);
  match(page, /<code>&gt; ls<\/code>/);
  match(page, /denied \(no-reboot\): &gt; sudo reboot/);
  const url = `${consoleUrl}/sessions/s6/cast`;
  const answer = await test.console.app.request(url, { headers: { cookie } });
  const [head, ...lines] = (await answer.text()).trimEnd().split("\n").map((line) =>
    JSON.parse(line)
  );
  deepStrictEqual([head.version, head.term], [3, { cols: 80, rows: 12, type: "xterm-256color" }]);
  const output = lines.filter(([, code]) => code === "o").map(([, , data]) => data).join("");
  ok(output.includes("ssn [ssn], call [phone]"));
  ok(!output.includes("\x1b]0;"), "a title reaches the player");
  const marks = lines.filter(([, code]) => code === "m").map(([, , data]) => data);
  deepStrictEqual(marks, ["shell", "> ls", "> cat notes.txt", "denied (no-reboot): > sudo reboot"]);
  const views = test.stored("view").map(({ payload }) => decodeControl("view", payload)?.what);
  deepStrictEqual(views.slice(-2), ["session", "replay"]);
});

Deno.test("only a terminal has a cast, and only who may see the session gets it", async () => {
  const { test, get } = await held();
  await terminalSession(test, "s6", nora);
  strictEqual((await get("carl", "/sessions/s1/cast")).status, 404);
  test.tokens.set("otto", person("otto", ["analysts"]));
  strictEqual((await get("otto", "/sessions/s6/cast")).status, 404);
});

Deno.test("who approves somewhere ends a live session, once that is recorded", async () => {
  const { test, cookie, csrf } = await browser();
  await terminalSession(test, "s6", nora);
  const ended: string[] = [];
  test.bus.subscribe(endSubject("*", "*"), ({ subject }) => ended.push(subject));
  ok((await text(test, "/sessions/s6", cookie)).includes("End this session"));
  strictEqual((await form(test, "/sessions/s6/end", {}, { cookie })).status, 403);
  await test.settle();
  deepStrictEqual(ended, []);
  strictEqual((await form(test, "/sessions/s6/end", { csrf }, { cookie })).status, 303);
  await test.settle();
  deepStrictEqual(ended, ["end.pg1.s6"]);
  const view = decodeControl("view", test.stored("view").at(-1)?.payload ?? new Uint8Array(0));
  deepStrictEqual([view?.what, view?.by.person], ["end", "carl"]);

  test.broken.publish = true;
  strictEqual((await form(test, "/sessions/s6/end", { csrf }, { cookie })).status, 503);
  await test.settle();
  deepStrictEqual(ended.length, 1, "what is not recorded is not done");
});

Deno.test("a session of one's own is ended, of others not, and a closed one not again", async () => {
  const { test, api } = await held();
  await terminalSession(test, "s6", nora);
  test.tokens.set("nora", nora);
  test.tokens.set("otto", person("otto", ["analysts"]));
  strictEqual((await api("otto", "/api/sessions/s6/end", {})).status, 404);
  strictEqual((await api("nora", "/api/sessions/s6/end", {})).status, 200);
  const closedAt = new Date(test.clock.nowMs()).toISOString();
  const close = { version: 1, reason: "ended", requests: 4, released: null, closedAt } as const;
  await test.say("close", 4, close, "s6");
  strictEqual((await api("nora", "/api/sessions/s6/end", {})).status, 409);
});

Deno.test("a held command is shown whole to who approves it, and only then approved", async () => {
  const { test, api } = await held();
  const hold = async (id: string, session: string, bytes: Uint8Array) => {
    await test.say("open", 0, { ...openOf(ana), protocol: "ssh", connection: "lab" }, session);
    await test.add("request", 1, bytes, { session });
    const approval = { id, needs: [need], binding: bindingOf(id) };
    await test.say("verdict", 1, verdictOf(1, bytes, "hold", { approval, statements }), session);
    await test.say("approval", 1, approvalOf(id, 1, "asked", test.clock.nowMs()), session);
  };
  const path = "~/scans/536-22-1234.tar";
  const access = { path, host: null, port: null, arguments: [], content: null };
  const statements = [statementOf({ command: "tar", relations: [], access })];
  const command = new TextEncoder().encode("tar c /srv/scans | wc -c # 536-22-1234");
  await hold("ap8", "s8", encodeChannelMessages([{ kind: "exec", command }]));
  const shown = await (await api("carl", "/api/approvals/ap8")).json();
  deepStrictEqual(shown.statements.map(({ text }: { text: string }) => text), [
    "$ tar c /srv/scans | wc -c # [ssn]",
  ]);
  deepStrictEqual(shown.relations, ["~/scans/[ssn].tar"], "the file, and nothing that may be one");
  const decision = { decision: "approve", justification: "Agreed with Ana for the move." };
  strictEqual((await api("carl", "/api/approvals/ap8", decision)).status, 200);

  const input = new TextEncoder().encode("who knows what");
  await hold("ap9", "s9", encodeChannelMessages([{ kind: "data", data: input }]));
  strictEqual((await api("carl", "/api/approvals/ap9", decision)).status, 409);
});
