/**
 * Queries over one set of protected values and over another: for an agent who may neither reveal
 * nor filter by a class, every byte that comes back is the same. So nothing of a value comes out,
 * not a length, not an order, not a count, not whether it is one or another.
 *
 * @module
 */
import { deepStrictEqual, ok } from "node:assert/strict";
import { asSuperuser } from "#tests/real/planted.ts";
import { connectAgent } from "./agent.ts";
import { readEntries } from "./entries.ts";
import { addressOf, startCorpusRig } from "./rig.ts";

/** Other values, of other lengths and in another order. The row estimates stay as they are. */
const others = `
update patients set mrn = 'M' || (9 - id), name = repeat('q', id) || ' x', ssn = (20 - id) || '-4',
  dob = date '2001-02-03' - id, zip = '0' || id, email = 'a' || id || '@b.example', phone = '+' || id;
update notes set body = 'n' || id;
update contacts set email = 'c' || id, ssn = '1';
update staff set phone = '0';
update other.people set ssn_copy = 'z' || id;
update intake.arrivals set who = 'w' || id, badge = id, seen = date '2001-02-03' - id,
  doc = jsonb_build_object('word', id);
update intake.loose set who = repeat('z', id);
update vault set number = id, big = id * 7, amount = id / 3.0, body = 'b' || id,
  doc = jsonb_build_object('word', id, 'deep', '[{"n": 1}, {"n": 2}]'::jsonb),
  blob = '\\x00010203040506070809', tags = '{a,b,c}', duo = row(id, 'w');
refresh materialized view m_patients;
refresh materialized view m_arrivals;
`;

Deno.test("what a query gives does not depend on values that stay hidden", async () => {
  const all = await readEntries(new URL("evasions/", import.meta.url));
  // Rows that are written move, and their order and place with them.
  const writes = /\b(?:insert|update|delete|merge|ctid)\b/i;
  const entries = all.filter(({ place, steps }) => {
    return /^0[12]/.test(place) && !steps.some(({ sql }) => writes.test(sql));
  });
  await using rig = await startCorpusRig({ blind: true });
  const run = async () => {
    using agent = await connectAgent(addressOf(rig.system, "ordinary"));
    const replies: { readonly what: string; readonly text: string; readonly ran: boolean }[] = [];
    for (const { place, tries, steps } of entries) {
      for (const step of steps) {
        const { error, texts } = await agent.run(step, "simple");
        const what = `${place} ${tries}: ${step.sql}`;
        replies.push({ what, text: texts.join("\n"), ran: error === null });
      }
    }
    return replies;
  };
  const before = await run();
  await asSuperuser(rig.system.postgres, async (sql) => {
    await sql.unsafe(others);
  });
  const after = await run();
  const differing = before.filter(({ text }, at) => after[at]?.text !== text);
  deepStrictEqual(differing.map(({ what }) => what), []);
  ok(before.filter(({ ran }) => ran).length > before.length / 2, "most queries run");
});
