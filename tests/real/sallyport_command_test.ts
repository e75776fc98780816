/**
 * The `sallyport` command against a running system: an agent with a real driver makes a record, and
 * the command lists, replays and verifies it, and finds it forged and damaged.
 *
 * @module
 */
import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import { Buffer } from "node:buffer";
import postgres from "postgres";
import { frameHeaders } from "#actors/_kit/frame.ts";
import type { System } from "#deploy/demo/system.ts";
import { encodeControl } from "#schemas/frames.ts";
import { outcomeOf } from "#schemas/frames_testing.ts";
import { signerOf } from "#schemas/log/key.ts";
import { auditStream, auditSubject } from "#schemas/subjects.ts";
import { connectAs, payloadsOf } from "./bus_user.ts";
import { command, commandOptions, type Ran } from "./command.ts";
import { eventually, kinds, type Rig, startRig } from "./support.ts";

/** Stands in a statement as a literal, and in no row. */
const literal = "987-65-4329";

Deno.test("the sallyport command", async (test) => {
  await using rig = await startRig();
  const { system } = rig;
  const run = (...words: string[]) => command(system.directory, words);

  await test.step("sessions: nobody was here yet", async () => {
    const { code, out, err } = await run("sessions");
    strictEqual(code, 0, err);
    strictEqual(out, "");
    match(err, /no session yet/);
  });

  await asAgent(system, system.tokens.agent);
  await eventually("the session is closed", async () => {
    const { out } = await run("sessions", "--json");
    return out.includes('"reason": "terminate"') ? true : undefined;
  });

  let id = "";
  await test.step("sessions says who, what was decided and how much was masked", async () => {
    const { code, out } = await run("sessions", "--json");
    strictEqual(code, 0);
    const [session, ...others] = JSON.parse(out);
    deepStrictEqual(others, []);
    const { person, actors } = session.principal;
    deepStrictEqual([person, actors, session.connection], ["ana", ["report-agent"], "ehr"]);
    const { requests, allowed, denied, held, rows } = session;
    deepStrictEqual([requests, allowed, denied, held, rows], [3, 1, 2, 0, 3]);
    deepStrictEqual(session.masked, { dob: 3, mrn: 3, name: 3 });
    id = session.session;
    const table = await run("sessions", "--person", "report");
    match(table.out, /^SESSION +OPENED/);
    ok(table.out.includes(`${id}  ${session.openedAt.slice(0, 19)}Z`), table.out);
    match(table.out, /ana ← report-agent/);
    strictEqual((await run("sessions", "--person", "nora")).out, "");
    strictEqual((await run("sessions", "--since", "2099-01-01")).out, "");
  });

  await test.step("replay shows statements and masked output, and no literal", async () => {
    const { code, out, err } = await run("replay", id.slice(0, 6), "--speed", "max");
    strictEqual(code, 0, err);
    match(out, /session opens: Ana Ortiz \(ana\) through report-agent/);
    match(out, /select mrn, name, dob from patients/);
    match(out, / mrn +\| name +\| dob/);
    match(out, /tok_mrn_[a-z0-9]+ \| \[name\]/);
    match(out, /deny by no-search-by-ssn/);
    match(out, /deny by never-drop/);
    ok(!out.includes(literal) && !out.includes(system.tokens.agent));
    const json = await run("replay", id, "--json");
    const entries = json.out.trimEnd().split("\n").map((line) => JSON.parse(line).kind);
    strictEqual(entries[0], "opened");
    ok(entries.includes("output"));
    ok(!json.out.includes(literal));
  });

  await test.step("who replays is on the record first, or sees nothing", async () => {
    await using auditor = await rig.auditor();
    const views = async () => payloadsOf(await auditor.frames(), "view", id);
    const before = (await views()).length;
    strictEqual((await run("replay", id, "--json")).code, 0);
    const stored = await views();
    strictEqual(stored.length, before + 1);
    const { by, what } = stored.at(-1)?.payload ?? {};
    deepStrictEqual([by?.issuer, by?.person, what], ["urn:sallyport:bus-key", "auditor", "replay"]);
    const text = await Deno.readTextFile(`${system.directory}/nats/nats.conf`);
    await system.nats.reload(text.replaceAll(/"audit\.[^"]*\.view",?/g, ""));
    await eventually("a view cannot be stored", async () => {
      const { code, out, err } = await run("replay", id, "--speed", "max");
      if (code === 0) return undefined;
      strictEqual(code, 1);
      strictEqual(out, "");
      match(err, /nothing is given out: reading a recording is itself recorded/);
      return true;
    });
    await system.nats.reload(text);
    await eventually("it is shown again", async () => {
      return (await run("replay", id, "--speed", "max")).code === 0 || undefined;
    });
  });

  await test.step("replay --asciicast writes an asciicast v3", async () => {
    const file = `${system.directory}/session.cast`;
    strictEqual((await run("replay", id, "--asciicast", file)).code, 0);
    const [header = "", ...events] = (await Deno.readTextFile(file)).trimEnd().split("\n");
    strictEqual(JSON.parse(header).version, 3);
    deepStrictEqual(JSON.parse(events.at(-1) ?? "[]").slice(1), ["x", "0"]);
  });

  await test.step("verify holds the whole log against its checkpoints", async () => {
    const kept = `${system.directory}/kept.txt`;
    const { code, out } = await run("verify", "--save-checkpoint", kept);
    strictEqual(code, 0, out);
    match(out, /^G6 {2}holds/m);
    match(out, /^VERIFIED$/m);
    const { ok: verified, frames, signed } = JSON.parse(
      (await run("verify", "--kept", kept, "--json")).out,
    );
    deepStrictEqual([verified, signed], [true, frames]);
  });

  await test.step("verify with another log's key fails", async () => {
    const file = `${system.directory}/other.vkey`;
    const { signer } = signerOf("other.example/log", new Uint8Array(32));
    await Deno.writeTextFile(file, signer.vkey);
    const { code, out } = await run("verify", "--key", file);
    strictEqual(code, 1);
    match(out, /NOT VERIFIED: .*\n {2}G6: checkpoint 1 does not verify/);
  });

  await test.step("report says who was given what, by which policy", async () => {
    const { code, out, err } = await run("report", "--json");
    strictEqual(code, 0, err);
    const [entry, ...others] = JSON.parse(out);
    deepStrictEqual(others, [], "what was refused was given to nobody");
    const { principal, commands, touched, unmasked, masked, consent, rows, status } = entry;
    deepStrictEqual([principal.person, principal.actors], ["ana", ["report-agent"]]);
    deepStrictEqual([commands, touched], [["SELECT"], ["public.patients"]]);
    deepStrictEqual([unmasked, masked, consent], [[], { dob: 3, mrn: 3, name: 3 }, []]);
    deepStrictEqual([rows, status, entry.session], [3, "executed", id]);
    ok(entry.policies.includes("clinical-agents-read"), out);
    const seen = await run("report", "--class", "mrn", "--person", "report-agent");
    match(
      seen.out,
      /ana ← report-agent, for HOPERAT\n {2}asked {4}SELECT on public\.patients at ehr/,
    );
    strictEqual((await run("report", "--unmasked")).out, "");
  });

  await test.step("report says when no request had what is asked for", async () => {
    const { code, out, err } = await run("report", "--class", "nam");
    deepStrictEqual([code, out], [0, ""]);
    match(err, /no request had class "nam" \(did you mean "name"\?\)/);
  });

  await test.step("evidence is read and verified where nothing else is", () => evidence(rig, id));

  await test.step("token gives one that opens a session", async () => {
    const file = `${system.directory}/agent.jwt`;
    await Deno.writeTextFile(file, system.tokens.agent, { mode: 0o600 });
    const words = ["--connection", "ehr", "--subject-token-file", file];
    const { code, out, err } = await run("token", ...words);
    strictEqual(code, 0, err);
    await asAgent(system, out.trim());
    const refused = await run("token", ...words.with(1, "payroll"));
    strictEqual(refused.code, 1);
    match(refused.err, /no such connection/i);
  });

  await test.step("policy check takes the installation's, and names what is wrong", async () => {
    const good = await run("policy", "check");
    strictEqual(good.code, 0, good.err);
    match(good.out, /^good: \d+ rules, connections ehr/);
    const file = `${system.directory}/wrong.cedar`;
    const text = await Deno.readTextFile(`${system.directory}/policy.cedar`);
    await Deno.writeTextFile(file, text.replace('Connection::"ehr"', 'Connection::"her"'));
    const wrong = await run("policy", "check", "--policy", file);
    strictEqual(wrong.code, 1);
    match(wrong.out, /her/);
  });

  await test.step("what is wrong is said with what to do", async () => {
    const unknown = await run("replay", "nothing-begins-so");
    strictEqual(unknown.code, 1);
    match(unknown.err, /no session .*\nhint: sallyport sessions/);
    const misspelt = await run("verfy");
    strictEqual(misspelt.code, 2);
    match(misspelt.err, /did you mean "verify"/);
    const nowhere = await run("sessions", "--dir", `${system.directory}/nowhere`);
    strictEqual(nowhere.code, 1);
    match(nowhere.err, /there is no installation .*\nhint: start the demo/);
  });

  await test.step("doctor finds what does not run, and up runs it", () => goneAndBack(rig, run));
  await test.step("verify names an outcome that target made up of a denied request", () =>
    madeUpOutcome(rig, run));
  await test.step("verify names frames damaged on disk", () => damagedStore(rig, run));

  await test.step("a bus that does not answer is said so", async () => {
    await system.nats.stop();
    const { code, err } = await run("verify");
    strictEqual(code, 1);
    match(err, /the bus at nats:.* does not answer\nhint: start it \(sallyport up/);
  });
});

/** One file, in a folder without an installation: whole, and then damaged in each way. */
async function evidence(rig: Rig, id: string): Promise<void> {
  const { directory } = rig.system;
  const elsewhere = await Deno.makeTempDir();
  try {
    const file = `${elsewhere}/evidence.ndjson`;
    const made = await command(directory, ["evidence", file]);
    strictEqual(made.code, 0, made.err);
    const again = await command(directory, ["evidence", file]);
    match(again.err, /error: cannot write .*: it is there already\nhint: /);
    const there = (...words: string[]) => command(elsewhere, words);
    const [verified, reported, replayed] = await Promise.all([
      there("verify", "--from", file, "--json"),
      there("report", "--from", file, "--json"),
      there("replay", id, "--from", file, "--speed", "max"),
    ]);
    strictEqual(verified.code, 0, verified.err);
    match(verified.err, /with keys that the evidence brought itself/);
    const { ok: whole, unsigned } = JSON.parse(verified.out);
    deepStrictEqual([whole, unsigned], [true, 0]);
    deepStrictEqual(JSON.parse(reported.out).map((one: { session: string }) => one.session), [id]);
    match(replayed.out, / mrn +\| name +\| dob/);
    ok(!replayed.out.includes(literal));

    // The session alone, by the beginning of its id: it proves itself, without the others.
    const own = `${elsewhere}/session.ndjson`;
    const one = await command(directory, ["evidence", own, "--session", id.slice(0, 12), "--json"]);
    strictEqual(one.code, 0, one.err);
    match(JSON.parse(one.out).session, new RegExp(`\\.${id}$`));
    const alone = await there("verify", "--from", own);
    strictEqual(alone.code, 0, alone.out);
    match(alone.out, new RegExp(`of session \\S+\\.${id} alone[^]*\n[0-9]+ frames of 1 sessions`));

    await using auditor = await rig.auditor();
    const views = payloadsOf(await auditor.frames(), "view", id).map(({ payload }) => payload.what);
    ok(views.includes("export"), "that it was taken is on the record");

    const lines = (await Deno.readTextFile(file)).trimEnd().split("\n");
    const request = lines.findIndex((line) => line.includes('.request"'));
    const changed = (lines[request] ?? "").replace(/("payload":".)(.)/, (_, before, one) => {
      return `${before}${one === "A" ? "B" : "A"}`;
    });
    const damaged: readonly (readonly [string, readonly string[], RegExp])[] = [
      ["changed", lines.with(request, changed), /NOT VERIFIED: [^]*\n {2}G6: .*changed/],
      ["missing", lines.toSpliced(request, 1), /NOT VERIFIED: [^]*\n {2}G6: .*missing/],
      ["cut", lines.with(-1, (lines.at(-1) ?? "").slice(0, 50)), /line \d+ .* not understood/],
    ];
    await Promise.all(damaged.map(async ([name, text, expected]) => {
      const path = `${elsewhere}/${name}.ndjson`;
      await Deno.writeTextFile(path, `${text.join("\n")}\n`);
      const { code, out, err } = await there("verify", "--from", path);
      strictEqual(code, 1, name);
      match(`${out}${err}`, expected, name);
    }));
  } finally {
    await Deno.remove(elsewhere, { recursive: true });
  }
}

/** Two actors end; doctor says so; `up` runs them until it is told to stop. */
async function goneAndBack(rig: Rig, run: (...words: string[]) => Promise<Ran>): Promise<void> {
  const { system } = rig;
  const wrong = async () => {
    const { checks } = JSON.parse((await run("doctor", "--json")).out);
    const names = checks.flatMap(({ what, good }: { what: string; good: boolean }) => {
      // These two do not run here.
      return good || /^(console|ssh-1)/.test(what) ? [] : [what];
    });
    return names.sort();
  };
  deepStrictEqual(await wrong(), []);
  const file = `${system.directory}/sallyport.yaml`;
  const text = await Deno.readTextFile(file);
  await Deno.writeTextFile(file, `${text}# changed\n`);
  deepStrictEqual(await wrong(), ["in force"]);
  await Deno.writeTextFile(file, text);
  await system.actor("masking").stop();
  await system.actor("approval").stop();
  deepStrictEqual(await wrong(), ["approval", "masking"]);
  const child = new Deno.Command(Deno.execPath(), {
    ...commandOptions(system.directory, ["up", "--only", "masking,approval"]),
    stdout: "piped",
    stderr: "null",
  }).spawn();
  try {
    const reader = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
    strictEqual((await reader.read()).value, "ready\n");
    deepStrictEqual(await wrong(), []);
    await asAgent(system, system.tokens.agent);
    child.kill("SIGTERM");
    strictEqual((await child.status).code, 0);
    await reader.cancel();
    deepStrictEqual(await wrong(), ["approval", "masking"]);
  } finally {
    await child.status.catch(() => null);
  }
}

/** A target says that it ran what was denied: its key may store outcomes, so the bus takes it. */
async function madeUpOutcome(rig: Rig, run: (...words: string[]) => Promise<Ran>): Promise<void> {
  await using auditor = await rig.auditor();
  await using target = await connectAs(rig.system, "target");
  const denied = payloadsOf(await auditor.frames(), "verdict")
    .find(({ payload }) => payload.decision === "deny");
  ok(denied !== undefined);
  const { request, digest } = denied.payload;
  const { key } = denied.frame;
  const made = { request, digest, verdict: denied.frame.sequence, commands: ["SELECT"] };
  const payload = encodeControl("outcome", outcomeOf({ ...made, transaction: "I" }));
  const headers = frameHeaders({ request, part: 0, more: false }, "A".repeat(22), undefined);
  const subject = auditSubject(key, "outcome");
  const stream = auditStream(key.epoch);
  const before = await auditor.bus.last(stream, subject);
  const stored = await target.bus.publish(subject, payload, headers, {
    stream,
    expectedLastSubjectSequence: before?.sequence ?? 0,
  });
  const { code, out } = await run("verify", "--json");
  strictEqual(code, 1);
  const { ok: verified, first } = JSON.parse(out);
  deepStrictEqual([verified, first.guarantee, first.sequence], [false, "G1", stored.sequence]);
  strictEqual(first.session, `${key.edge}/${key.session}`);
  match((await run("verify")).out, /^NOT VERIFIED: .* the first:\n {2}G1 session postgres-1/m);
}

/** Somebody with the disk changes a statement in the stored stream while nothing runs. */
async function damagedStore(rig: Rig, run: (...words: string[]) => Promise<Ran>): Promise<void> {
  const { system } = rig;
  for (const kind of kinds) await system.actor(kind).stop();
  await system.nats.stop();
  const folder = `${system.directory}/nats/store/jetstream/$G/streams/${auditStream(system.epoch)}`;
  let changed = 0;
  for await (const { name } of Deno.readDir(`${folder}/msgs`)) {
    if (!name.endsWith(".blk")) continue;
    const path = `${folder}/msgs/${name}`;
    const bytes = await Deno.readFile(path);
    const at = Buffer.from(bytes.buffer).indexOf(literal);
    if (at < 0) continue;
    bytes[at] = "1".charCodeAt(0);
    await Deno.writeFile(path, bytes);
    changed++;
  }
  ok(changed > 0, "the statement stands in the store");
  await system.nats.restart();
  const { code, out, err } = await run("verify", "--json");
  strictEqual(code, 1, err);
  const { findings } = JSON.parse(out);
  const damage = findings.filter(({ guarantee }: { guarantee: string }) => guarantee === "G6");
  ok(damage.length > 0, out);
  match(damage[0].message, /missing|changed/);
  ok(damage[0].sequence > 0);
}

/** One session of an agent: a read, a search that is forbidden, and a DROP. */
async function asAgent(system: System, password: string): Promise<void> {
  const sql = postgres({
    host: system.edge.host,
    port: system.edge.port,
    database: "ehr",
    username: "report-agent",
    password,
    max: 1,
    fetch_types: false,
    ssl: { ca: await Deno.readTextFile(system.caFile), servername: "localhost" },
  });
  try {
    const rows = await sql.unsafe("select mrn, name, dob from patients limit 3");
    strictEqual(rows.length, 3);
    await refused(sql.unsafe(`select name from patients where ssn = '${literal}'`));
    await refused(sql.unsafe("drop table patients"));
  } finally {
    await sql.end();
  }
}

async function refused(query: Promise<unknown>): Promise<void> {
  const error = await query.then(() => null, (error) => error);
  strictEqual(error?.code, "42501");
}
