/**
 * Where users' own code runs unseen: behind operators, casts, domains, and on rows that are read or
 * written; and what the code may do, as far as its text tells.
 *
 * **Invariant:** code whose text is not known counts as doing everything. Functions in C come with
 * extensions that a superuser installed, and are judged by their names elsewhere.
 *
 * @module
 */
import { type FunctionWork, functionWork, wordsOf } from "#schemas/function_text.ts";

/** A function with its text, which does not leave this process. */
export type FunctionText = {
  readonly oid: number;
  readonly name: string;
  readonly language: string;
  readonly text: string;
};

/** Expressions and triggers depend on functions by these rows of pg_depend. */
const dependsOnCode = `
  d.refclassid in ('pg_proc'::regclass, 'pg_operator'::regclass) and exists (
    select from pg_proc f join pg_language g on g.oid = f.prolang
    where g.lanname not in ('c', 'internal') and f.oid = case d.refclassid
      when 'pg_proc'::regclass then d.refobjid
      else (select o.oprcode from pg_operator o where o.oid = d.refobjid) end)`;

/**
 * Domains whose checks or defaults run code and ranges whose differences do, and what is made of
 * them: domains whose checks cast to them, arrays, rows, ranges and multiranges.
 */
const checkedDomains = `
with recursive checked (oid) as (
  select k.contypid from pg_constraint k join pg_depend d on d.objid = k.oid
    and d.classid = 'pg_constraint'::regclass where k.contypid <> 0 and ${dependsOnCode}
  union select d.objid from pg_depend d where d.classid = 'pg_type'::regclass and ${dependsOnCode}
  union select rngtypid from pg_range r join pg_proc f on f.oid = r.rngsubdiff
    join pg_language g on g.oid = f.prolang where g.lanname not in ('c', 'internal')
  union select t.oid from checked c join (
    select oid, typbasetype as held from pg_type where typbasetype >= 16384
    union all select oid, typelem from pg_type where typelem >= 16384
    union all select r.reltype, f.atttypid from pg_attribute f join pg_class r
      on r.oid = f.attrelid where f.atttypid >= 16384 and f.attnum > 0 and r.reltype <> 0
    union all select rngtypid, rngsubtype from pg_range where rngsubtype >= 16384
    union all select d.objid, d.refobjid from pg_depend d where d.deptype = 'i'
      and d.classid = 'pg_type'::regclass and d.refclassid = 'pg_type'::regclass
    union all select k.contypid, d.refobjid from pg_constraint k join pg_depend d
      on d.objid = k.oid and d.classid = 'pg_constraint'::regclass
      and d.refclassid = 'pg_type'::regclass where k.contypid <> 0) t on t.held = c.oid)`;

/** The same of expressions that cast to one of them. */
const dependsOnChecked = `(${dependsOnCode}
  or d.refclassid = 'pg_type'::regclass and d.refobjid in (select oid from checked))`;

/** A row for each relation on which code runs, and each kind of it. */
export const relationCodeQuery = `${checkedDomains}
select p.polrelid::int8::float8 as oid, 'policy' as kind, null::float8 as function
  from pg_policy p join pg_depend d on d.classid = 'pg_policy'::regclass and d.objid = p.oid
  where ${dependsOnChecked}
union all select ev_class::int8, 'rule', null from pg_rewrite r
  where ev_type <> '1' and ev_class >= 16384
union all select tgrelid::int8, 'trigger', tgfoid::int8 from pg_trigger where not tgisinternal
union all select a.adrelid::int8, case t.attgenerated when '' then 'default' else 'check' end, null
  from pg_attrdef a join pg_attribute t on t.attrelid = a.adrelid and t.attnum = a.adnum
  join pg_depend d on d.classid = 'pg_attrdef'::regclass and d.objid = a.oid
  where ${dependsOnChecked}
union all select a.attrelid::int8, 'default', null from pg_attribute a
  join pg_depend d on d.classid = 'pg_type'::regclass and d.objid = a.atttypid
  where a.attnum > 0 and ${dependsOnCode}
union all select k.conrelid::int8, 'check', null from pg_constraint k
  join pg_depend d on d.classid = 'pg_constraint'::regclass and d.objid = k.oid
  where k.conrelid <> 0 and ${dependsOnChecked}
union all select i.indrelid::int8, 'check', null from pg_index i
  join pg_depend d on d.classid = 'pg_class'::regclass and d.objid = i.indexrelid
  where ${dependsOnChecked}
union all select s.stxrelid::int8, 'check', null from pg_statistic_ext s
  join pg_depend d on d.classid = 'pg_statistic_ext'::regclass and d.objid = s.oid
  where ${dependsOnChecked}
union all select p.partrelid::int8, 'check', null from pg_partitioned_table p
  join pg_depend d on d.classid = 'pg_class'::regclass and d.objid = p.partrelid
  where ${dependsOnChecked}
union all select attrelid::int8, 'check', null from pg_attribute
  where attnum > 0 and atttypid in (select oid from checked)`;

/**
 * One row: operators, types and implicit casts with code behind them. PostgreSQL's own functions
 * count where an operator or cast of a user's own calls them: they may read files, or leave things.
 */
export const hiddenCodeQuery = `${checkedDomains}, code as (
  select p.oid from pg_proc p join pg_language l on l.oid = p.prolang
  where l.lanname not in ('c', 'internal') and p.oid >= 16384),
made as (select oid, oprcode as function from pg_operator
  union all select oid, castfunc from pg_cast),
others as (select oid, function from made where oid >= 16384 and function between 1 and 16383
  and not exists (select from pg_depend d where d.objid = made.oid and d.deptype = 'e')),
casts as (select castsource, casttarget from pg_cast
  where castfunc in (select oid from code) or oid in (select oid from others)),
holders (source, oid) as (
  select castsource, castsource from casts where castsource >= 16384
  union select h.source, t.oid from holders h join (
    select oid, typelem as held from pg_type where typelem >= 16384
    union all select oid, typbasetype from pg_type where typbasetype >= 16384
    union all select rngtypid, rngsubtype from pg_range where rngsubtype >= 16384
    union all select d.objid, d.refobjid from pg_depend d where d.deptype = 'i'
      and d.classid = 'pg_type'::regclass and d.refclassid = 'pg_type'::regclass
    union all select r.oid, f.atttypid from pg_type r join pg_attribute f
      on f.attrelid = r.typrelid and f.attnum > 0 and f.atttypid >= 16384) t on t.held = h.oid)
select
  (select coalesce(json_agg(distinct oprname), '[]') from pg_operator
    where oprcode in (select oid from code) or oid in (select oid from others)) as operators,
  (select coalesce(json_agg(json_build_object('name', name, 'sources', sources)), '[]') from (
    select typname as name, '[]'::json as sources from pg_type where oid in (select oid from checked)
    union all select t.typname, (select coalesce(json_agg(distinct ltrim(s.typname, '_')), '[]')
      from holders h join pg_type s on s.oid = h.oid where h.source = c.castsource)
    from casts c join pg_type t on t.oid = c.casttarget) as listed) as types,
  exists (select from pg_cast where castcontext <> 'e'
    and (castfunc in (select oid from code) or oid in (select oid from others)))
    as "implicitCasts",
  exists (select from pg_constraint where contypid >= 16384)
    or exists (select from pg_range where rngtypid >= 16384) as "checksInput"`;

/** Follows each function through the functions whose names stand in its text. */
export function followFunctions(functions: readonly FunctionText[]): Map<number, FunctionWork> {
  const work = new Map(
    functions.map(({ oid, language, text }) => [oid, functionWork(language, text)]),
  );
  const texts = new Map(functions.map((one) => [one.oid, new Set(wordsOf(one.text))]));
  for (let changed = true; changed;) {
    changed = false;
    const moving = namesOf(functions, (oid) => work.get(oid)?.moves === true);
    const reading = namesOf(functions, (oid) => work.get(oid)?.reads === true);
    const defining = namesOf(functions, (oid) => work.get(oid)?.defines === true);
    for (const { oid, language } of functions) {
      const before = work.get(oid);
      if (before === undefined || compiled.has(language)) continue;
      const calls = (names: ReadonlySet<string>) => !names.isDisjointFrom(texts.get(oid) ?? names);
      const after = {
        moves: before.moves || calls(moving),
        reads: before.reads || calls(reading),
        defines: before.defines || calls(defining),
      };
      const isSame = after.moves === before.moves && after.reads === before.reads &&
        after.defines === before.defines;
      if (isSame) continue;
      work.set(oid, after);
      changed = true;
    }
  }
  return work;
}

const compiled: ReadonlySet<string> = new Set(["c", "internal"]);

function namesOf(
  functions: readonly FunctionText[],
  isWanted: (oid: number) => boolean,
): ReadonlySet<string> {
  return new Set(
    functions.filter(({ oid }) => isWanted(oid)).flatMap(({ name }) => wordsOf(name)),
  );
}
