/**
 * How long one statement takes to judge: parsing, lineage and policy. `unseen` has a text, a shape
 * and a situation that nothing is remembered of, of a principal of whom Cedar has been asked
 * something, or nothing; `seen shape` differs from others by literals. Processor time, which a busy
 * machine does not spoil: the median of batches.
 *
 * `deno run --allow-read=node_modules tests/bench/judging_main.ts`
 *
 * @module
 */
import process from "node:process";
import { createAnalyser } from "#actors/authz/postgres/analyser.ts";
import { defaultLimits, freshSession, indexCatalog } from "#actors/authz/analysis/analyse.ts";
import { clinicCatalog } from "#actors/authz/analysis/clinic.ts";
import { loadParser } from "#actors/authz/analysis/parser.ts";
import { loadPolicy } from "#actors/authz/policy/cedar.ts";
import { createDecider, decide } from "#actors/authz/policy/decide.ts";
import { columnsPlan } from "#actors/authz/policy/plan.ts";
import policyText from "#deploy/demo/policy.cedar" with { type: "text" };
import configText from "#deploy/demo/sallyport.yaml" with { type: "text" };
import { listingOf } from "#schemas/classification.ts";
import { parseConfig } from "#schemas/config_file.ts";

Object.defineProperty(process, "env", { value: {} });
const parsed = parseConfig(configText);
if (!parsed.ok) throw new Error("The demo's configuration does not parse");
const { config } = parsed;
const loaded = loadPolicy(policyText, config);
if (!loaded.ok) throw new Error("The demo's policy does not load");
const { policy } = loaded;
const parser = await loadParser();
const schema = indexCatalog(clinicCatalog, listingOf(config, "ehr"));
const session = freshSession(clinicCatalog.searchPath);
const principal = {
  issuer: "http://127.0.0.1:9400",
  person: "ana",
  actors: ["report-agent"],
  groups: ["analysts", "clinical-agents"],
  purpose: "HOPERAT",
};

const ordinary = (name: string) =>
  `select v.department as ${name}, count(distinct p.id) as patients, max(v.visited_on) as last
   from visits v join patients p on p.id = v.patient_id left join claims c on c.visit_id = v.id
   where v.department = 'oncology' and c.amount > 100 and p.id between 1 and 5000
   group by v.department order by patients desc limit 20`;
const lookup = (id: number) => `select id, name, ssn, zip from patients where id = ${id}`;
const wide = `select ${
  Array.from({ length: 1650 }, (_, at) => `id + ${at} * 2`).join(", ")
} from patients where id = 1`;

let count = 0;
const remembering = createDecider(policy);
const analyser = createAnalyser(parser, defaultLimits);

judging("an unseen statement of somebody new", (sql) => {
  const somebody = { ...principal, person: `ana-${count}` };
  return unseen(sql, somebody);
}, () => ordinary(`name_${count++}`));
judging("an unseen statement", (sql) => unseen(sql, principal), () => ordinary(`name_${count++}`));
judging("a seen shape", judge, () => lookup(count++));
judging("a statement of 10,000 nodes", judge, () => wide.replace("* 2", `* 2 as n${count++}`), 4);

function unseen(sql: string, who: typeof principal) {
  const analysed = createAnalyser(parser, defaultLimits).analyse(sql, session, schema);
  if (analysed.kind === "refused") throw new Error(analysed.refusal.message);
  const analyses = analysed.statements.map(({ analysis }) => analysis);
  return { analyses, decision: decide(policy, who, "ehr", analyses) };
}

function judge(sql: string) {
  const analysed = analyser.analyse(sql, session, schema);
  if (analysed.kind === "refused") throw new Error(analysed.refusal.message);
  const analyses = analysed.statements.map(({ analysis }) => analysis);
  return { analyses, decision: remembering.decide(principal, "ehr", analyses) };
}

function judging(
  name: string,
  work: (sql: string) => ReturnType<typeof judge>,
  next: () => string,
  batch = 200,
): void {
  const once = () => {
    const { analyses, decision } = work(next());
    for (const { columns } of analyses) columnsPlan(columns, decision.revealed, config.classes);
  };
  // The first batches pay for compiling.
  for (let i = 0; i < batch * 3; i++) once();
  const micros = Array.from({ length: 15 }, () => {
    const before = process.cpuUsage();
    for (let i = 0; i < batch; i++) once();
    const { user, system } = process.cpuUsage(before);
    return (user + system) / batch;
  }).sort((a, b) => a - b);
  const line = `${name}: ${micros[7]?.toFixed(1)} µs\n`;
  Deno.stdout.writeSync(new TextEncoder().encode(line));
}
