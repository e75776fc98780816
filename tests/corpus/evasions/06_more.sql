-- More of the same families: what is written, routed, counted, ordered and given back.

-- table function notation for whole row through a join alias
select (j).name from (patients p cross join (select 1 as one) q) as j;
select j.* from (patients p cross join (select 1 as one) q) as j;
select to_jsonb(j) from (patients p cross join (select 1 as one) q) as j;

-- grouping function over a class
select grouping(name) from patients group by rollup (name);

-- window in order by with named windows inherit
select id from patients window w as (partition by sex), w2 as (w order by name) order by rank() over w2;

-- xmltable columns default
select x.* from patients p, xmltable('/r' passing xmlparse(document '<r/>') columns a text path 'a' default p.name, b int path 'b' default length(p.name)) x;

-- lateral rows from
select f.* from patients p, rows from (string_to_table(upper(p.name), ' '), generate_series(1, length(p.name))) as f(a, b);

-- insert returning over a class with defaults
with i as (insert into documents (id, title) values (901, 'x') returning id) select i.id, (select upper(name) from patients where id = 1) as t from i;

-- nested with inside of a writing with
with a as (with b as (select upper(name) as n from patients) insert into scratch (what) select n from b returning what) select * from a;

-- value through an array slice assignment
update vault set tags[3] = upper(body) where id = 1 returning tags[3];

-- value into a field of a composite
update vault set duo.word = upper(body) where id = 2 returning (duo).word;

-- path in jsonb assignment
update vault set doc['word2'] = to_jsonb(upper(body)) where id = 1 returning doc['word2'];

-- set with a subrow
update documents set (title, doc) = row(upper('x'), (select to_jsonb(upper(name)) from patients where id = 1)) where id = 1 returning doc;

-- default keywords in multi rows
insert into documents (id, title) values (910, default), (911, (select upper(name) from patients where id = 1)) returning title;

-- on conflict where with class
insert into documents (id, title) values (1, 'x') on conflict (id) do update set title = 'y' where exists (select from patients where name like 'Z%') returning title;

-- merge not matched by source
merge into documents d using (select id, upper(name) as n from patients) p on d.id = p.id when not matched by source then update set title = 'none' when matched then do nothing returning p.n, d.title;

-- cursor in a with hold with scroll over set operations
declare c18 scroll cursor with hold for select department from visits union all select upper(name) from patients;
fetch last from c18;
fetch backward 2 from c18;
close c18;

-- execute into temp with columns
prepare p19 as select upper(name) as n from patients;
create temp table t19 (a) as execute p19;
select a from t19;

-- select into temp through union
select department into temp t20 from visits union select upper(name) from patients;
select * from t20;

-- copy with header and column names
copy (select upper(name) as "department" from patients) to stdout with (format csv, header true, force_quote (department));

-- table with a default partition and values moved between
create table mv22 (mrn text, x int) partition by list (x);
create table mv22_1 partition of mv22 for values in (1);
create table mv22_d partition of mv22 default;
insert into mv22 select mrn, ascii(substr(mrn, 12, 1)) - 48 from patients;
select tableoid::regclass, x from mv22;

-- routing by a class's own value
create table rt23 (mrn text) partition by range (mrn);
create table rt23_a partition of rt23 for values from (minvalue) to ('MRN-772');
create table rt23_b partition of rt23 for values from ('MRN-772') to (maxvalue);
insert into rt23 select mrn from patients where id = 1;
select tableoid::regclass from rt23;

-- update moves rows between partitions
update rt23 set mrn = mrn || 'x' returning tableoid::regclass;

-- hash partition
create table hp25 (mrn text) partition by hash (mrn);
create table hp25_0 partition of hp25 for values with (modulus 2, remainder 0);
create table hp25_1 partition of hp25 for values with (modulus 2, remainder 1);
insert into hp25 select mrn from patients;
select tableoid::regclass, count(*) from hp25 group by 1;

-- temporal keys without overlaps
create extension if not exists btree_gist;
create table wo26 (mrn text, during daterange, primary key (mrn, during without overlaps));

-- virtual columns over classes by name
create table vc27 (mrn text, low text generated always as (lower(mrn)) virtual, pre text generated always as (left(mrn, 7)));
insert into vc27 (mrn) select mrn from patients;
select low, pre from vc27;

-- not null through domain
create domain nn28 as text not null;
select name::nn28 from patients where id = 1;
select (case when name like 'Z%' then null else 'x' end)::nn28 from patients;

-- enum from class order
select enum_range(case when name like 'Z%' then 'calm'::mood end) from patients;

-- names in pg_typeof
select pg_typeof(p), pg_typeof(p.name), pg_typeof(row(p.name)) from patients p limit 1;

-- collations for
select collation for (name), pg_collation_for(upper(name)) from patients limit 1;

-- overlaps and dates
select (dob, dob + 1) overlaps (date '1931-07-01', date '1931-08-01') from patients;

-- at time zone by class
select timezone(name, now()) from patients;
select timestamptz '2024-01-01' at time zone ('<' || replace(upper(name), ' ', '') || '>3') from patients;

-- format of locale
select to_char(number, 'FM999,999,999'), to_char(dob, 'Day, DD Month YYYY'), to_char(make_interval(days => number), 'DD') from vault, patients where vault.id = patients.id;

-- to_regclass of class
select to_regclass(quote_ident(name)), to_regtype(name), to_regproc(name) from patients;

-- has privilege
select has_table_privilege('patients', case when name like 'Z%' then 'select' else 'insert' end) from patients;

-- settings by class names
select current_setting(case when name like 'Z%' then 'work_mem' else 'timezone' end) from patients;

-- array functions with class as index
select (array['a','b','c'])[id + length(name) - length(name)] from patients;

-- subscripts with class
select ('{"x": 1}'::jsonb)[name] from patients;

-- row_to_json of anonymous
select row_to_json(row(name, ssn)), jsonb_build_array(p), json_agg(row(p.*)) over () from patients p;

-- a foreign key's check as an oracle by deferral
create table fk1 (n int references vault (id) deferrable initially deferred);
begin; insert into fk1 select number from vault; set constraints all immediate; rollback;

-- exclusion conflicts by do nothing
create table ex2 (n int, exclude using btree (n with =));
insert into ex2 select n from generate_series(804172000, 804172999) n;
insert into ex2 select number from vault where id = 1 on conflict do nothing;

-- a serial advanced by a failed insert into a class
create table sq3 (id serial, mrn text unique);
insert into sq3 (mrn) values ('a');
insert into sq3 (mrn) select mrn from patients on conflict do nothing returning id;

-- identity columns count rows of a class
create table id4 (id int generated always as identity, mrn text);
insert into id4 (mrn) select mrn from patients where mrn like '%1';
select id from id4;

-- order of identity
create table id5 (id int generated always as identity, zip text, p int);
insert into id5 (zip, p) select zip, id from patients order by zip;
select id, p from id5;

-- ctid order after an ordered insert
create table ct6 (zip text, p int);
insert into ct6 (zip, p) select zip, id from patients order by zip desc;
select ctid, p from ct6;

-- window frame exclusion
select sum(1) over (order by number range between 5 preceding and current row exclude ties) from vault;

-- range frames with class offsets
select n, count(*) over (order by n range between (select number - 804172000 from vault where id = 1) preceding and current row) from generate_series(1, 800) n;

-- percentile of plain by class fraction
select percentile_disc((select number / 1000000000.0 from vault where id = 1)) within group (order by n) from generate_series(1, 1000) n;

-- width_bucket thresholds made of a class
select width_bucket(n, array[(select number from vault where id = 1)]) from generate_series(804172629, 804172633) n;

-- array_position with a class
select array_position(array(select n from generate_series(804172000, 804172999) n), (select number from vault where id = 1));

-- array_remove and cardinality
select cardinality(array_remove(array_agg(n), (select number from vault where id = 1))) from generate_series(804172000, 804172999) n;

-- json array index by class
select (json_agg(n) -> (select number - 804172000 from vault where id = 1)) from generate_series(804172000, 804172999) n;

-- jsonb delete by class
select jsonb_array_length(to_jsonb(array_agg(n)) - (select number - 804172000 from vault where id = 1)) from generate_series(804172000, 804172999) n;

-- range containment
select n from generate_series(804172000, 804172999) n where int4range(n, n + 1) @> (select number from vault where id = 1);

-- multirange difference
select unnest(int4multirange(int4range(804172000, 804172999)) - range_agg(int4range(number, number + 1))) from vault where id = 1;

-- text search of ones own by a class
select n from generate_series(804172000, 804172999) n where to_tsvector('simple', n::text) @@ plainto_tsquery('simple', (select number::text from vault where id = 1));

-- regular expression of a class on ones own
select n from generate_series(804172000, 804172999) n where n::text ~ (select '^' || number || '$' from vault where id = 1);

-- string_agg of own filtered
select string_agg(n::text, '') filter (where n = v.number) from vault v, generate_series(804172000, 804172999) n group by v.id;

-- mode over own weighted by a class
select mode() within group (order by n) from (select n from generate_series(804172000, 804172999) n union all select number from vault where id = 1) t;

-- except all of own
select n from generate_series(804172000, 804172999) n except all select n from generate_series(804172000, 804172999) n where n <> (select number from vault where id = 1);

-- group by having count 2
select n from (select n from generate_series(804172000, 804172999) n union all select number from vault where id = 1) t group by n having count(*) = 2;

-- distinct on with class order
select distinct on (1) 1, n from generate_series(804172000, 804172999) n, vault v where v.id = 1 order by 1, abs(n - v.number);

-- lateral limit offset
select t.n from vault v, lateral (select n from generate_series(804172000, 804172999) n offset v.number - 804172000 limit 1) t where v.id = 1;

-- recursive where with lateral
with recursive r as (select 804172000 as n union all select n + 1 from r, vault v where v.id = 1 and n < v.number) select max(n) from r;

-- recursive by left join null
with recursive r (n, done) as (select 804172000, false union all select n + 1, v.id is not null from r left join vault v on v.number = n + 1 where not done and n < 804172999) select max(n) from r;

-- json table path of class over own
select t.n from vault v, json_table((select json_agg(g) from generate_series(804172000, 804172999) g), '$[*] ? (@ == $x)' passing v.number as x columns (n int path '$')) t where v.id = 1;

-- jsonb path with variables over own
select jsonb_path_query_array((select jsonb_agg(g) from generate_series(804172000, 804172999) g), '$[*] ? (@ == $x)', jsonb_build_object('x', number)) from vault where id = 1;

-- jsonb path exists chooses own
select g from generate_series(804172000, 804172999) g, vault where id = 1 and jsonb_path_exists(to_jsonb(g), '$ ? (@ == $x)', jsonb_build_object('x', number));

-- xpath over own
select xpath('/r/x[. = "' || number || '"]/text()', (select xmlelement(name r, xmlagg(xmlelement(name x, g))) from generate_series(804172620, 804172640) g)) from vault where id = 1;

-- merge that counts in RETURNING
merge into scratch s using (select n from generate_series(804172000, 804172999) n where n = (select number from vault where id = 1)) p on s.n = p.n when not matched then insert (what) values ('z') returning p.n;

-- delete returning with a join on own rows
with g as (delete from scratch s using vault v where s.n = v.number returning s.n) select * from g;

-- partition pruning in explain with a class
explain (costs off) select * from contacts where id = (select number % 20 from vault where id = 1);

-- explain of settings
explain (settings, costs off) select 1;

-- explain serialize and memory
explain (analyze, serialize, memory, timing off, summary off, buffers off) select upper(name) from patients;

-- old and new of generated columns
update vault set label = label where id = 1 returning old.body_upper, new.body_length, old.words;

-- an alias named old over a plain table
update documents old set title = old.title where id = 1 returning old.title, new.title;
update documents set title = title from patients old where documents.id = 1 and old.id = 1 returning old.name, documents.title;

-- alias new that is a class's table
merge into documents using patients new on documents.id = new.id when matched then update set title = documents.title returning new.name, old.title;

-- returning with swapped names
update patients set sex = sex where id = 1 returning with (old as new, new as old) upper(new.name), old.zip || '';

-- insert returning old of a conflict
insert into patients select * from patients where id = 1 on conflict (id) do update set sex = 'F' returning upper(old.name), new.zip || '', (old).mrn;

-- a cast of a row's: composite cast via a function's array
create type ticket_box as (t ticket, n int);
create table tb (b ticket_box[]);
insert into tb values ('{"(\"(1)\",2)"}');
select (b[1]).t::text from tb;
select (x.u).t::text from (select unnest(b) as u from tb) x;
select u.t::text from tb, unnest(b) u;

-- a cast of a row's: domain over ticket
create domain d_ticket as ticket;
create table td (d d_ticket);
insert into td values ('(1)');
select d::text from td;
select coalesce(d, null)::text from td;

-- a cast of a row's: cast by function notation
select (d).text from td;
select text(d) from td;
select d::varchar from td;
select cast(d as bpchar) from td;
select format('%s', d) from td;
select d || '' from td;
select concat(d) from td;

-- a cast of a row's: record anonymous
select (array_agg(d))[1]::text from td;
select max(d)::text from td;
select (select d from td)::text;
with x as (select d from td) select d::text from x;
select first_value(d) over ()::text from td;
select (first_value(d) over ())::text from td;

-- a cast of a row's: temp table holding it
create temp table tt as select d from td;
select d::text from tt;
create temp table tt2 (d d_ticket);
insert into tt2 select d from td;
select d::text from tt2;

-- a cast of a row's: through a view made of a range
create view vtr as select d from td;
select d::text from vtr;
select v.d::text from vtr v;
select (v).d::text from vtr v;

-- a policy's function through a view with security barrier
create view sb1 with (security_barrier) as select id, department from visits;
select upper(department) from sb1 where id > 0;

-- column added to a view by replace
create view ad2 as select id from patients;
create or replace view ad2 as select id, upper(name) as x from patients;
select x from ad2;

-- a view over a temporary view
create temp view tv3 as select id, name as x from patients;
create temp view tv3b as select x as department from tv3;
select upper(department) from tv3b;

-- typed table of a table's row type
create table ty4 (like patients);
create table ty4b of pair;
insert into ty4b select 1, upper(body) from vault;

-- a composite column filled by a whole row of a class, field by field
create table co5 (p pair);
update vault set duo = row(number, upper(body)) where id = 1 returning (duo).word;
insert into co5 values ((select duo from vault where id = 1));
select (p).word from co5;

-- rename of a column of a composite type that a class has
alter type pair rename attribute code to ward;
select (duo).ward + 0 from vault;

-- set a statistics target, storage, then sizes
alter table vault alter column body set storage external;
update vault set body = repeat('x', (number % 1000) * 8) where id = 2;
select pg_column_size(body) from vault;

-- sequence owned and identity restart by DDL with a computed value
do $$ begin execute 'alter sequence plain_sequence restart with ' || (select number from vault where id = 1); end $$;

-- trigger arguments
create trigger tg9 before update on documents for each row execute function suppress_redundant_updates_trigger();

-- publication of rows by a class
create publication pb10 for table patients where (name like 'Z%');

-- a materialised view refreshed with filters by a class
create materialized view mv11 as select id from patients where name like 'Z%';
select count(*) from mv11;

-- rule on view with returning
create rule r12 as on update to v_plain do instead select upper(name) from patients;

-- listen and notify with computed channel
select pg_notify('a', upper(name)) from patients;
select set_config('my.' || lower(split_part(name, ' ', 1)), '1', false) from patients;

-- generate names by regclass
select (select oid from pg_class where relname = 'visits' and length(p.name) > 3)::regclass from patients p;

-- in a values lateral with defaults
select v.x from patients p, lateral (values (upper(p.name)), ('b')) v(x);

-- natural full join with coalesced
select * from (select id, name from patients) a natural full join (select id, 'x'::text as name from visits) b;

-- using alias star
select u.* from (select name, id from patients) a join (select name, 1 as z from patients) b using (name) as u;

-- join alias with fewer column names
select j.a, j.zip from (patients p left join visits v on v.patient_id = p.id) as j(a, b, c);

-- select list alias used by group by and having
select upper(name) as department from patients group by department having count(*) > 0;

-- order by output alias shadowing an input column
select upper(name) as id from patients order by id;

-- ctes of the same name in nested levels
with v as (select 'a'::text as x) select (with v as (select upper(name) as x from patients limit 1) select x from v), (select x from v);

-- cte named as a function or type
with "text" as (select upper(name) as x from patients) select "text".x, ("text").x from "text";

-- correlated alias of a function in from
select g.x from patients p, lateral (select upper(p.name) as x) g, generate_series(1, 1) x;

-- column named like alias of function
select upper from patients p, upper(p.name);

-- function alias column list in rows from with ordinality
select o, v from patients p, rows from (string_to_table(upper(p.name), ' ')) with ordinality as t(v, o);

-- json_each alias columns renamed to plain
select department from patients p, jsonb_each_text(jsonb_build_object('a', upper(p.name))) as visits(id, department);

-- subscript and slices in select of array columns by name
select (array_agg(upper(name)))[:2] from patients; select ((array[row(1, upper(name))])[1]) from patients;

-- cast row to another composite
select (row(1, upper(name))::pair).word from patients;

-- whole-row cast to parent type
create table ch29 () inherits (staff);
select (d::staff).phone from doctors d;

-- jsonb_populate_record base row
select (jsonb_populate_record(p, '{}')).name, (json_populate_record(null::pair, json_build_object('word', upper(p.name)))).word from patients p;

-- xmlforest of view columns
select xmlforest(v.number, v.size) from v_numbers v;

-- table command with with
with patients as (select 'x'::text as name) table patients; with x as (table patients) select upper(name) from x;

-- exists with limit 0 and class
select exists (select from patients where name like 'Z%' limit 1) as e, not exists (select from patients where name like 'Z%');

-- any over array of a class
select 'ZEB' = any (array_agg(split_part(upper(name), ' ', 1))) from patients;

-- cursor variable fetch by wire with binary
begin;
\wire parse s: declare w35 cursor for select upper(name), number from patients, vault | bind p=s | execute p
\wire parse f: fetch 2 from w35 | bind q=f[1] | describe portal q | execute q
rollback;
