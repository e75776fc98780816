/**
 * Every statement of `evasions/` through the whole gateway, as agents who may reveal nothing.
 *
 * `CORPUS=04_opaque` runs the entries whose place holds the text and says what became of each.
 *
 * @module
 */
import type { System } from "#deploy/demo/system.ts";
import { type Agent, connectAgent, type Reply } from "./agent.ts";
import { type Entry, readEntries, type Step } from "./entries.ts";
import type { Mode } from "./messages.ts";
import { findPlanted } from "./planted.ts";
import { addressOf, type Party } from "./rig.ts";

const chosen = Deno.env.get("CORPUS") ?? null;
/** Sessions at a time. */
const sessions = 4;
/** Of a step that is refused because another session has just defined something. */
const triesMax = 50;

type Batch = { readonly entries: readonly Entry[]; readonly mode: Mode; readonly party: Party };
type Finding = { readonly where: string; readonly leak: string };

/** Where a planted value came out, and how many statements were answered at all. */
export async function findLeaks(
  system: System,
  all: readonly Entry[],
): Promise<{ readonly findings: readonly Finding[]; readonly answered: number }> {
  const entries = all.filter(({ place }) => place.includes(chosen ?? ""));
  const findings: Finding[] = [];
  let answered = 0;
  const pending = batchesOf(entries).values();
  await Promise.all(Array.from({ length: sessions }, async () => {
    for (const batch of pending) findings.push(...await evade(system, batch, () => answered++));
  }));
  return { findings, answered };
}

/** All of them. */
export function readEvasions(): Promise<Entry[]> {
  return readEntries(new URL("evasions/", import.meta.url));
}

/**
 * Queries leave nothing behind and share a session; every other entry has one of its own. Where
 * more rights could open more, the unbound agent tries as well.
 */
function batchesOf(entries: readonly Entry[]): Batch[] {
  const queries = entries.filter(({ place }) => /^0[12]/.test(place));
  const last = entries.filter(({ place }) => place.startsWith("09"));
  const others = entries.filter((entry) => !queries.includes(entry) && !last.includes(entry));
  const further = entries.filter(({ place }) => /^0(?:4_opaque|5|6_keys|7_sessions)/.test(place));
  return [
    { entries: queries, mode: "simple", party: "ordinary" },
    { entries: queries, mode: "binary", party: "ordinary" },
    ...others.map((entry) => ({ entries: [entry], mode: "simple", party: "ordinary" } as const)),
    ...further.map((entry) => ({ entries: [entry], mode: "simple", party: "unbound" } as const)),
    ...last.map((entry) => ({ entries: [entry], mode: "simple", party: "ordinary" } as const)),
  ];
}

async function evade(system: System, batch: Batch, answered: () => void): Promise<Finding[]> {
  const { entries, mode, party } = batch;
  const address = addressOf(system, party);
  const findings: Finding[] = [];
  const look = (where: string, texts: readonly string[]) => {
    const leak = texts.map(findPlanted).find((found) => found !== null);
    if (leak !== undefined) findings.push({ where, leak });
  };
  let agent: Agent | null = null;
  try {
    for (const entry of entries) {
      const where = `${entry.place} ${mode} ${party}: ${entry.tries}`;
      for (const step of entry.steps) {
        const session = agent ??= await connectAgent(address, entry.connect);
        const reply = await answerTo(step, mode, session);
        tell(`${where}\n   ${step.sql}\n   -> ${summary(reply)}`);
        if (typeof reply !== "string") answered();
        look(`${where}: ${step.sql}`, typeof reply === "string" ? [reply] : reply.texts);
        const isOver = typeof reply === "string" || reply.error?.code === "08006";
        if (!isOver) continue;
        agent?.[Symbol.dispose]();
        agent = null;
        break;
      }
    }
  } catch (error) {
    const { place } = entries[0] ?? { place: "" };
    tell(`${place} ${party}: no session: ${String(error)}`);
    look(`${place} ${party}: no session`, [String(error)]);
  } finally {
    agent?.[Symbol.dispose]();
  }
  return findings;
}

/** Whatever other entries define at the same time, the step is tried. */
async function answerTo(step: Step, mode: Mode, agent: Agent): Promise<Reply | string> {
  for (let tries = 0;; tries++) {
    const reply = await agent.run(step, mode).catch((error: Error) => error.message);
    const isLate = typeof reply !== "string" && reply.error?.code === "40001";
    if (!isLate || tries >= triesMax) return reply;
  }
}

function tell(text: string): void {
  if (chosen !== null) Deno.stdout.writeSync(new TextEncoder().encode(`${text}\n`));
}

function summary(reply: Reply | string): string {
  if (typeof reply === "string") return reply;
  const { error, results } = reply;
  const rows = results.flatMap((result) => result.rows);
  if (error !== null) return `${error.code} ${error.message}`;
  const [first] = rows;
  const values = first?.map((value) => value === null ? "NULL" : new TextDecoder().decode(value));
  return `${rows.length} rows ${values?.join(" | ").slice(0, 200) ?? ""}`;
}
