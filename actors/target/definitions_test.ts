/** Who waits for whom where something is defined, and whose judgement is too old. */
import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { emptyAnalysis } from "#schemas/analysis.ts";
import type { Verdict } from "#schemas/frames.ts";
import { verdictOf } from "#schemas/frames_testing.ts";
import type { MaskPlan } from "#schemas/mask_plan.ts";
import { createDefinitions } from "./definitions.ts";

const plan: MaskPlan = { results: [], errors: "keep" };

function verdict(facts: Partial<Verdict>, command = "SELECT", relations: string[] = []): Verdict {
  const effects = command === "SELECT" ? ["read" as const] : ["session" as const];
  const statements = [{ ...emptyAnalysis, command, effects, relations }];
  return { ...verdictOf({ request: 1, plan, catalogDigest: "old" }), statements, ...facts };
}

const reads = (...relations: string[]) =>
  verdict({}, "SELECT", relations.map((name) => `public.${name}`));
const defines = (names: string[] | null) => verdict({ defines: names }, "CREATE");
const commit = verdict({}, "COMMIT");

/** A connection whose catalog was read once. */
function serving(settledMax = 8) {
  const all = createDefinitions({ settledMax })("ehr");
  all.readBegins();
  all.readEnds("old");
  const read = (digest: string | null) => {
    all.readBegins();
    all.readEnds(digest);
  };
  return { ...all, all, read };
}

Deno.test("what depends on a definition waits until it is in the catalog, and is stale then", () => {
  const { enter, leave, read } = serving();
  strictEqual(enter("a", defines(["t"]), "I"), "go");
  strictEqual(enter("b", reads("t"), "I"), "wait");
  strictEqual(enter("c", reads("u"), "I"), "go", "of another name");
  leave("a", "I");
  strictEqual(enter("b", reads("t"), "I"), "wait", "until the catalog is read");
  read(null);
  strictEqual(enter("b", reads("t"), "I"), "wait", "it could not be");
  read("new");
  strictEqual(enter("b", reads("t"), "I"), "stale");
  strictEqual(enter("b", verdict({ ...reads("t"), catalogDigest: "new" }), "I"), "go");
  strictEqual(enter("d", verdict({ ...reads("t"), catalogDigest: "unknown" }), "I"), "stale");
});

Deno.test("a definition that changed nothing leaves every judgement as it was", () => {
  const { enter, leave, read } = serving();
  enter("a", defines(null), "I");
  leave("a", "I");
  read("old");
  strictEqual(enter("b", reads("t"), "I"), "go");
});

Deno.test("a catalog that comes back is another one", () => {
  const { enter, leave, read } = serving();
  const early = reads("t");
  for (const digest of ["new", "old"]) {
    enter("a", defines(["t"]), "I");
    leave("a", "I");
    read(digest);
  }
  strictEqual(enter("b", early, "I"), "go", "it means what it meant");
  const between = verdict({ ...early, catalogDigest: "new" });
  strictEqual(enter("c", between, "I"), "stale");
});

Deno.test("what the server did not say that it is over may be, or not", () => {
  const { enter, leave, read } = serving();
  enter("a", commit, "T");
  leave("a", null);
  enter("b", reads("t"), "I");
  strictEqual(enter("a", defines(["t"]), "T"), "wait", "it may commit by itself");
  leave("b", "I");
  strictEqual(enter("a", defines(["t"]), "T"), "go");
  leave("a", null);
  strictEqual(enter("b", reads("t"), "I"), "wait", "it may have");
  read("new");
  const later = verdict({ ...reads("t"), catalogDigest: "new" });
  strictEqual(enter("b", later, "I"), "go");
  strictEqual(enter("a", commit, "I"), "wait", "or it does now");
});

Deno.test("a request that is given up leaves what its transaction defined", () => {
  const { enter, leave, withdraw } = serving();
  enter("a", defines(["t"]), "T");
  leave("a", "T");
  enter("b", reads("t"), "I");
  strictEqual(enter("a", commit, "T"), "wait");
  withdraw("a");
  strictEqual(enter("c", reads("t"), "I"), "go");
  strictEqual(enter("a", commit, "T"), "wait");
});

Deno.test("a definition waits for what runs and depends on it", () => {
  const { all, enter, leave, passOver, blocking, runs } = serving();
  enter("b", reads("t"), "I");
  enter("c", reads("u"), "I");
  const before = all.moves;
  strictEqual(enter("a", defines(["t"]), "I"), "wait");
  strictEqual(enter("d", reads("t"), "I"), "wait", "it does not wait for ever");
  const [one, ...others] = blocking("a");
  deepStrictEqual([one?.session, one?.single, others.length], ["b", true, 0]);
  leave("b", "I");
  ok(all.moves > before);
  ok(one !== undefined && !runs(one));
  strictEqual(enter("a", defines(["t"]), "I"), "go");

  const { enter: put, blocking: kept, passOver: pass } = serving();
  put("b", reads("t"), "I");
  put("a", defines(null), "I");
  const [running] = kept("a");
  if (running !== undefined) pass(running);
  strictEqual(put("a", defines(null), "I"), "go", "its names were looked up");
  void passOver;
});

Deno.test("who waits for a definition knows whose it is", () => {
  const { enter, awaited, leave } = serving();
  strictEqual(enter("a", defines(["t"]), "I"), "go");
  strictEqual(enter("b", defines(["u"]), "I"), "go");
  deepStrictEqual(awaited("c"), []);
  strictEqual(enter("c", reads("t"), "T"), "wait");
  deepStrictEqual(awaited("c"), ["a"]);
  strictEqual(enter("d", verdict({ defines: ["t"] }, "SELECT", ["public.t"]), "I"), "wait");
  deepStrictEqual(awaited("c"), ["a"], "who waits too does not define yet");
  leave("a", "I");
  deepStrictEqual(awaited("c"), []);
});

Deno.test("only what becomes visible is waited for: a transaction's definitions at its end", () => {
  const { enter, leave, read } = serving();
  enter("b", reads("t"), "I");
  strictEqual(enter("a", defines(["t"]), "T"), "go");
  leave("a", "T");
  strictEqual(enter("c", reads("t"), "I"), "go");
  strictEqual(enter("a", commit, "T"), "wait");
  leave("b", "I");
  leave("c", "I");
  strictEqual(enter("a", commit, "T"), "go");
  strictEqual(enter("b", reads("t"), "I"), "wait");
  leave("a", "I");
  read("new");
  strictEqual(enter("b", reads("t"), "I"), "stale");
});

Deno.test("COMMIT AND CHAIN makes visible, whatever is open behind it", () => {
  const { enter, leave, all } = serving();
  enter("a", defines(["t"]), "T");
  leave("a", "T");
  ok(all.unread.length === 0);
  enter("a", commit, "T");
  leave("a", "T");
  ok(all.unread.length > 0);
});

Deno.test("two that define and read what the other defines do not wait for each other", () => {
  const { enter, leave, read } = serving();
  const both = (names: string[], relation: string) =>
    verdict({ defines: names }, "SELECT", [`public.${relation}`]);
  enter("x", reads("t", "u"), "I");
  strictEqual(enter("a", both(["t"], "u"), "I"), "wait");
  strictEqual(enter("b", both(["u"], "t"), "I"), "wait");
  leave("x", "I");
  strictEqual(enter("b", both(["u"], "t"), "I"), "wait", "the other came first");
  strictEqual(enter("a", both(["t"], "u"), "I"), "go");
  leave("a", "I");
  read("new");
  strictEqual(enter("b", both(["u"], "t"), "I"), "stale");
});

Deno.test("a session that is lost may commit until the server is done with it", () => {
  const { enter, drop, goes, lingers, read, all } = serving();
  enter("a", defines(["t"]), "I");
  drop("a");
  drop("a");
  ok(lingers("a") && all.unread.length === 0);
  read("old");
  strictEqual(enter("b", reads("t"), "I"), "wait", "no catalog shows what comes yet");
  goes("a");
  ok(!lingers("a") && all.unread.length > 0);
  strictEqual(enter("b", reads("t"), "I"), "wait");
  read("new");
  strictEqual(enter("b", reads("t"), "I"), "stale");
  const { enter: put, drop: lose, leave, all: other } = serving();
  put("a", defines(["t"]), "T");
  leave("a", "T");
  lose("a");
  ok(other.unread.length === 0, "what it had open was undone");
});

Deno.test("what prepares depends on names too, and none of it is known to have looked them up", () => {
  const { enter, blocking } = serving();
  const none = { statements: [] };
  enter("a", { ...reads("x"), ...none, prepares: ["t"] }, "I");
  enter("b", { ...reads("x"), prepares: null }, "I");
  enter("c", { ...reads("t"), late: true }, "I");
  enter("d", reads("t"), "I");
  strictEqual(enter("e", defines(["t"]), "I"), "wait");
  const singles = blocking("e").map(({ session, single }) => `${session} ${single}`);
  deepStrictEqual(singles, ["a false", "b false", "c false", "d true"]);
});

Deno.test("what names nothing, or nothing that is taken for known, waits for nobody", () => {
  const { enter } = serving();
  enter("a", defines(null), "I");
  strictEqual(enter("b", verdict({}, "BEGIN"), "I"), "go");
  strictEqual(enter("c", { ...reads("t"), unsettled: true }, "I"), "go");
  strictEqual(enter("d", { ...reads("t"), plan: { ...plan, verbatim: true } }, "I"), "go");
});

Deno.test("of definitions long ago it is only known when they were", () => {
  const { enter, leave, read } = serving(2);
  for (const name of ["t", "u", "v"]) {
    enter("a", defines([name]), "I");
    leave("a", "I");
    read(`with ${name}`);
  }
  strictEqual(enter("b", reads("w"), "I"), "stale", "as old as what is forgotten");
  const later = verdict({ ...reads("w"), catalogDigest: "with t" });
  strictEqual(enter("b", later, "I"), "go");
});

Deno.test("whoever waits is called once something moved, at once if it has by then", () => {
  const { all, enter, leave, whenMoved } = serving();
  const called: string[] = [];
  enter("a", defines(["t"]), "I");
  whenMoved("b", all.moves, () => called.push("b"));
  const since = all.moves;
  leave("a", "I");
  deepStrictEqual(called, ["b"]);
  whenMoved("c", since, () => called.push("c"));
  deepStrictEqual(called, ["b", "c"]);
});

Deno.test("connections to one database are in it together, each with its own catalog", () => {
  const of = createDefinitions({
    settledMax: 4,
    databaseOf: (name) => ({ name: name.slice(0, 3), shared: false }),
  });
  const [ehr, reports, lab] = [of("ehr"), of("ehr_reports"), of("lab")];
  const read = (one: typeof ehr, digest: string) => {
    one.readBegins();
    one.readEnds(digest);
  };
  for (const one of [ehr, reports, lab]) read(one, "old");
  strictEqual(reports.enter("b", reads("t"), "I"), "go");
  strictEqual(ehr.enter("a", defines(["t"]), "I"), "wait");
  reports.leave("b", "I");
  strictEqual(ehr.enter("a", defines(["t"]), "I"), "go");
  strictEqual(lab.enter("l", reads("t"), "I"), "go", "of another database");
  strictEqual(reports.enter("b", reads("t"), "I"), "wait");
  ehr.leave("a", "I");
  deepStrictEqual(ehr.unread, ["ehr", "ehr_reports"]);
  read(ehr, "new");
  strictEqual(ehr.enter("c", { ...reads("t"), catalogDigest: "new" }, "I"), "go");
  strictEqual(reports.enter("b", reads("t"), "I"), "wait", "its own catalog does not show it");
  read(reports, "later");
  strictEqual(reports.enter("b", reads("t"), "I"), "stale");
});

Deno.test("something is defined only while no other process serves the database", () => {
  const of = createDefinitions({
    settledMax: 4,
    databaseOf: (name) => ({ name, shared: true }),
  });
  const all = of("ehr");
  const read = (digest: string) => {
    all.readBegins();
    all.readEnds(digest);
  };
  read("old");
  const { asked, answered, mayShare, began } = all.presence;
  strictEqual(all.enter("b", reads("u"), "I"), "go");
  ok(!asked(), "nobody defines");
  strictEqual(all.enter("a", defines(["t"]), "I"), "wait");
  ok(asked());
  ok(!asked(), "it is under way");
  answered("shared");
  strictEqual(all.enter("a", defines(["t"]), "I"), "elsewhere");
  strictEqual(all.enter("a", reads("t"), "I"), "go", "it is refused once");
  all.leave("a", "I");

  strictEqual(all.enter("a", defines(["t"]), "I"), "wait");
  ok(asked());
  answered("alone");
  ok(!mayShare(), "it has not defined yet");
  strictEqual(all.enter("a", defines(["t"]), "I"), "go");
  ok(!mayShare());
  all.leave("a", "I");
  ok(!mayShare(), "no catalog shows it");
  read("new");
  ok(mayShare());
  ok(!mayShare(), "once");
  strictEqual(all.enter("a", defines(["v"]), "I"), "wait", "others may be there again");
  all.leave("a", "I");

  began();
  strictEqual(all.enter("c", { ...reads("t"), catalogDigest: "new" }, "I"), "wait");
  read("new");
  strictEqual(all.enter("c", reads("u"), "I"), "stale", "others may have defined anything");
  strictEqual(all.enter("c", { ...reads("u"), catalogDigest: "new" }, "I"), "go");
});
