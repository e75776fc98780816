-- Results of newer syntax, of functions by their other names, and of rows that a class chooses.

-- merge returning the row before and after
merge into patients p using visits v on v.patient_id = p.id and v.id = 1 when matched then
  update set zip = p.zip returning old.ssn, new.name, merge_action(), v.id;

-- merge returning by other names of old and new
merge into patients p using visits v on v.patient_id = p.id and v.id = 1 when matched then
  update set zip = p.zip returning with (old as a, new as b) a.*, b.zip || '', a;

-- what a conflict replaced
insert into documents values (1, 'x') on conflict (id) do update set title = excluded.title
  returning old.title, new, (select p from patients p limit 1);

-- JSON_TABLE of a whole row
select t.* from patients p, json_table(to_jsonb(p), '$' columns
  (a text path '$.ssn', b text format json path '$.name', c boolean exists path '$.zip', o for ordinality)) t;

-- JSON_TABLE of what it is passed
select t.x from patients p, json_table(jsonb '[1]', '$' passing p.ssn as s columns (x text path '$s')) t;

-- JSON_TABLE with a default
select t.x from patients p, json_table(jsonb '[1]', '$' columns (x text path '$.no' default 'a' on empty,
  nested path '$[*]' as q columns (y int path '$'))) t where p.id = t.y;

-- variables of SQL/JSON paths
select json_query(jsonb '{}', '$v' passing ssn as v with wrapper),
  json_value(jsonb '{}', '$v' passing name as v returning text) from patients;

-- a default of JSON_VALUE
select json_value(jsonb '{}', '$.no' returning text default ssn on empty) from patients;

-- JSON_ARRAY of a query
select json_array(select ssn from patients order by id returning jsonb);

-- JSON_OBJECT with a class as its key
select json_object(ssn value 1 absent on null with unique keys returning text) from patients;

-- SQL/JSON aggregates with order, filter and window
select json_objectagg(ssn value id), json_arrayagg(name order by id returning text) filter (where true) from patients;

-- JSON in and out
select json(row_to_json(p)::text), json_serialize(row_to_json(p)::json returning bytea), json_scalar(dob) from patients p;

-- IS JSON tells of a value
select ssn is json scalar, name is not json, doc is json object with unique keys from patients, vault;

-- XMLTABLE with a default and a path of a class
select t.* from patients p, xmltable('/r/x' passing xmlparse(document '<r><x/></r>')
  columns a text path '@n' default p.ssn, n for ordinality) t;

-- XMLTABLE with namespaces
select t.* from patients p, xmltable(xmlnamespaces('urn:u' as u), '/r' passing xmlelement(name r, p.name)
  columns a xml path '.', b text path 'text()') t;

-- ROWS FROM with definitions of columns
select * from rows from (json_to_record((select row_to_json(p) from patients p limit 1))
  as (ssn text, name text), generate_series(1, 2)) as t (a, b, c);

-- ROWS FROM with ordinality
select t.b, t.o from rows from (unnest((select array_agg(id) from patients)),
  unnest((select array_agg(ssn) from patients))) with ordinality as t (a, b, o);

-- grouping sets that leave out
select coalesce(ssn, name, sex), grouping(ssn, name) from patients group by distinct rollup (ssn, name), cube (sex);

-- columns that hang on the primary key of a group
select p.name, p.ssn || '', p from patients p group by p.id;

-- breadth first
with recursive r as (select id, name from patients union all select id + 100, name from r where id < 50)
  search breadth first by name set o select o, (o).name from r;

-- a cycle with marks of its own
with recursive r as (select id, name from patients union all select id, name from r)
  cycle id, name set c to 'y' default 'n' using way select way, c, way[1] from r;

-- whole rows of views
select v::text, to_json(v.*), (v).* from v_case v; select row_to_json(m), m from m_patients m;
select s, s::text from (select * from v_again) s; select (w.*)::text from v_window w;

-- output functions of types
select record_out(p) from patients p; select textout(ssn), date_out(dob) from patients;

-- send functions of types
select record_send(p) from patients p; select textsend(ssn), date_send(dob), int4send(number), jsonb_send(doc) from patients, vault;

-- input functions of types
select textin(textout(ssn)), varcharin(textout(name), 0, -1), int4in(int4out(number)) from patients, vault;

-- functions that stand behind operators
select textcat(ssn, ''), int4pl(number, 0), int4um(number), numeric_add(amount, 0), date_pli(dob, 0) from patients, vault;

-- functions that stand behind comparisons
select texteq(ssn, 'x'), textlike(ssn, '9%'), bttextcmp(ssn, 'x'), text_larger(ssn, ''), int4larger(number, 0) from patients, vault;

-- functions that stand behind JSON operators
select jsonb_object_field_text(doc, 'word'), jsonb_extract_path_text(doc, 'word'), jsonb_extract_path(doc, 'deep', '0'), jsonb_concat(doc, '{}') from vault;

-- functions that stand behind aggregates
select int4_sum(null, number), array_agg_transfn(null, ssn), string_agg_transfn(null, ssn, ',') from patients, vault;

-- ranges and multiranges
select int4range(number, null), lower(int4range(number, number + 1)), daterange(dob, null), upper(daterange(null, dob)) from patients, vault;
select range_agg(int4range(number, number + 1)), unnest(int4multirange(int4range(number, number + 2))) from vault group by number;
select int4range(number, null) * int4range(0, null), range_merge(int4range(number, number + 1), int4range(0, 1)) from vault;

-- ordered sets of several values
select mode() within group (order by ssn desc), percentile_disc(array[0, 0.5, 1]) within group (order by number),
  percentile_cont(0.5) within group (order by number) from patients, vault;

-- aggregates of distinct values and of separators
select string_agg(distinct ssn, ','), string_agg(sex, ssn order by id), array_agg(sex order by ssn) from patients;

-- places in the order of a class
select array_agg(n order by substr(name, n, 1)) from patients, generate_series(1, 9) n where id = 1;

-- headlines marked with a class
select ts_headline('simple', 'a b c', 'b'::tsquery, 'StartSel=' || replace(name, ' ', '')) from patients;

-- lexemes in FROM
select lexeme, positions from patients, unnest(to_tsvector('simple', name));

-- text search by its parts
select setweight(to_tsvector('simple', name), 'A'), array_to_tsvector(string_to_array(name, ' ')), querytree(plainto_tsquery('simple', name)),
  json_to_tsvector('simple', to_json(name), '"all"'), ts_delete(words, 'x') from patients, vault;

-- methods of JSON paths
select jsonb_path_query(doc, '$.word.string()'), jsonb_path_query(doc, '$.keyvalue().value'), jsonb_path_query(doc, '$.deep[0].n.bigint()') from vault;
select jsonb_path_query(to_jsonb(p), '$.*'), jsonb_path_query_array(to_jsonb(p), '$.**') from patients p;

-- predicates of JSON paths
select doc @? '$.word', doc @@ '$.deep[0].n > 5', jsonb_path_match(doc, '$.deep[0].n > 5'), doc ? 'word', doc ?| array['word'] from vault;

-- newer array functions
select array_sort(tags), array_reverse(tags), array_shuffle(tags), array_sample(tags, 1), trim_array(tags, 1), array_fill(label, array[1]) from vault;
select tags || ssn, array_replace(tags, 'other', ssn), tags[:1], array_remove(tags, ssn), array_fill(ssn, array[1]) from vault, patients;

-- Unicode
select unistr('\0041' || ssn), normalize(name, NFD), casefold(name), parse_ident('"' || name || '"') from patients;
select to_ascii(convert_from(name::bytea, 'LATIN1'), 'LATIN1'), convert(name::bytea, 'UTF8', 'LATIN1') from patients;

-- bytes
select substring(ssn::bytea from 1), reverse(blob), overlay(blob placing '\x' from 1 for 0), set_byte(blob, 0, 118), encode(blob, 'escape') from patients, vault;
select number::bytea, big::bytea, blob || '\x00', sha224(blob), crc32c(blob), bit_count(blob), trim('\x00'::bytea from blob) from vault;

-- randomness of no width
select random(number, number), random_normal(number, 0), setseed(0.5), random(amount, amount) from vault;

-- sizes
select pg_size_pretty(big), pg_size_bytes(number || ' bytes'), pg_column_size(name), format_type(number::oid, null) from vault, patients;

-- places in the log of transactions
select '0/0'::pg_lsn + amount, pg_wal_lsn_diff('0/0'::pg_lsn + amount, '0/0'), pg_walfile_name_offset('0/0'::pg_lsn + amount) from vault;

-- snapshots and transactions
select (big::text)::xid8, (big || ':' || big || ':')::pg_snapshot, pg_snapshot_xmin((big || ':' || big || ':')::pg_snapshot) from vault;
select txid_snapshot_xip((1 || ':' || big || ':' || big - 1)::txid_snapshot), pg_snapshot_xip((1 || ':' || big || ':' || big - 1)::pg_snapshot) from vault;

-- addresses and identifiers
select lpad(number::text, 32, '0')::uuid, host('0.0.0.0'::inet + big), ('0.0.0.0'::inet + big) - '0.0.0.0'::inet from vault;
select lpad(to_hex(number), 12, '0')::macaddr, trunc(lpad(to_hex(big), 16, '0')::macaddr8), number::oid::regclass::text from vault;

-- geometry
select point(number, 0), box(point(number, 0), point(0, 0)), circle(point(0, number), 1), path(polygon(box(point(number, 0), point(0, 0)))) from vault;
select point(number, 0) <-> point(0, 0), lseg(point(number, 0), point(0, 0)), area(box(point(number, 1), point(0, 0))), slope(point(0, 0), point(1, number)) from vault;

-- times of numbers
select make_timestamp(extract(year from dob)::int, 1, 1, 0, 0, 0), date_bin('1 day', dob::timestamp, '2000-01-01'), justify_interval(make_interval(days => dob - date '1900-01-01')) from patients;
select dob + time '00:00', dob at time zone 'UTC', (dob, interval '0') overlaps (date '1900-01-01', interval '0'), date_subtract(dob, '1 day') from patients;

-- enumerations and booleans
select (case when ssn > '5' then 'calm' else 'busy' end)::mood, enum_range((case when ssn > '5' then 'calm' else 'busy' end)::mood, null) from patients;

-- NULL in place of a digit
select nullif(substr(ssn, 1, 1), '9'), nullif(substr(ssn, 1, 1), '8'), nullif(substr(ssn, 2, 1), '8'), case when ssn like '98%' then 1 end,
  num_nulls(nullif(substr(ssn, 1, 1), '9')), coalesce(nullif(substr(ssn, 1, 1), '9'), 'nine') from patients;

-- what a plain text is made of
select translate('a', 'a', ssn), replace('x', 'x', ssn), regexp_replace('x', 'x', ssn), overlay('x' placing ssn from 1), concat_ws(ssn, 'a', 'b') from patients;
select to_char(1, ssn), to_char(now(), '"' || name || '"'), format(replace(ssn, '-', '')), array_to_string(array['a', 'b'], ssn), split_part('0,1,2,3,4,5,6,7,8,9', ',', substr(ssn, 1, 1)::int + 1) from patients;
select substring('0123456789' from substr(ssn, 1, 1)::int + 1 for 1), chr(ascii(ssn)), lpad('', ascii(ssn), 'x'), (array['a', 'b'])[ascii(ssn) - 56] from patients;

-- a count of numbers up to a class
select count(*) from generate_series(1, 999) n where n <= (select number / 1000000 from vault where id = 1);

-- a count by recursion
with recursive c (n) as (select 1 union all select n + 1 from c where n < (select number / 1000000 from vault where id = 1))
  select max(n), count(*) from c;

-- a count of what a limit leaves
select count(*) from (select 1 from generate_series(1, 999) limit (select number / 1000000 from vault where id = 1)) t;

-- a count beside each row
select id, (select count(*) from generate_series(1, 9) n where n <= substr(p.ssn, 1, 1)::int) from patients p;

-- a count of the first with ties
select n from generate_series(1, 99) n order by n > (select ascii(ssn) from patients where id = 1) fetch first 1 rows with ties;

-- frames as wide as a class
select n, count(*) over (order by n rows between (select ascii(ssn) - 50 from patients where id = 1) preceding and current row) from generate_series(1, 20) n;

-- the value at a place that a class tells
select nth_value(n, (select ascii(ssn) from patients where id = 1)) over (order by n rows between unbounded preceding and unbounded following), lag(n, (select ascii(ssn) from patients where id = 1)) over (order by n), ntile((select ascii(ssn) from patients where id = 1)) over (order by n) from generate_series(1, 99) n;

-- the number that is nearest
select n from generate_series(804172000, 804172999) n order by abs(n - (select number from vault where id = 1)) limit 1;

-- the largest that is not larger
select max(n) filter (where n <= (select number from vault where id = 1)) from generate_series(804172000, 804172999) n;

-- an element at a place that a class tells
select (array_agg(n order by n))[(select number - 804172000 + 1 from vault where id = 1)] from generate_series(804172000, 804172999) n;

-- joined by USING with rows of one's own
select n from generate_series(804172000, 804172999) n join (select number as n from vault) v using (n);

-- joined naturally with rows of one's own
select n from generate_series(804172000, 804172999) n natural join (select number as n from vault) v;

-- rows of one's own without those of a class
select n from generate_series(804172000, 804172999) n intersect all select number from vault;

-- kept in HAVING
select n from generate_series(804172000, 804172999) n group by n having n = any (select number from vault);

-- kept by EXISTS in a lateral join
select t.n from vault v cross join lateral (select n from generate_series(804172000, 804172999) n where n = v.number limit 1) t;

-- kept by a join that another join's condition names
select n from generate_series(804172000, 804172999) n left join vault v on v.number = n where v.id is not null;

-- kept by being alone
select n from generate_series(804172000, 804172999) n where not exists (select from vault where number <> n and id = 1);

-- kept by a distinct key
select distinct on (k) n from generate_series(804172000, 804172999) n, lateral (select n <> (select number from vault where id = 1) as k) x order by k;

-- rows of one's own in order of a class
select id, t from (select id, ssn as x, null::int as t from patients union all select null, n::text || '-00-0000', n from generate_series(900, 999) n) q order by x;

-- a table sampled by a class
select id from visits tablesample bernoulli ((select substr(ssn, 1, 1)::int * 10 from patients where id = 1)) repeatable ((select number from vault where id = 1));

-- kept through the catalog's own numbers, counted
select (select count(*) from pg_attribute a where a.attrelid = 'pg_class'::regclass and a.attnum between 1 and 9 and a.attnum::text = substr(p.ssn, n, 1)) from patients p, generate_series(1, 11) n where p.id = 1 order by n;

-- comparison with a row of a class
select (n, 1) = any (select number, 1 from vault), row(n) in (select row(number) from vault), n = all (select number from vault where id = 1) from generate_series(804172629, 804172633) n;

-- two whole rows compared
select p is distinct from q, p *= q, record_eq(p, q), p = q from patients p, patients q where p.id = 1;

-- hidden behind names of columns
select "ssn", "Name"."x" from (select ssn, name as x from patients) as "Name"; select "Name".* from (select ssn as "Name" from patients) "Name";

-- a column named as a function of its row
select p.row_to_json, p.to_jsonb, p.record_out from patients p; select (p).hash_record, (p).quote_literal from patients p;

-- an alias that takes the name of a class's table
select patients.department from visits as patients; select visits.department from patients as visits (a, b, c, department);

-- a subquery without a name
select ssn, department from (select ssn from patients), (select department from visits);

-- a join in parentheses with a new name for its columns
select (j).b, j.a, j from (patients p join visits v on v.patient_id = p.id) as j (a, b, c, d);

-- WITH that hides a table in one arm of a union only
select department from visits union all (with visits as (select ssn as department from patients) select department from visits);

-- WITH in a subquery of a values list
values ((with x as (select name from patients limit 1) select name from x)), ((table notes limit 1)::text);

-- a data-modifying WITH read by name
with u as (update vault set label = label where id = 1 returning number, old.body, new.doc), v as (select * from u) select body || doc::text, number from v;

-- two parts of a value in two columns and rows
select left(ssn, 5), right(ssn, 6) from patients; select unnest(array[left(name, 8), substr(name, 9)]) from patients;

-- digits of other scripts, and nothing between
select translate(ssn, '0123456789', '٠١٢٣٤٥٦٧٨٩'), regexp_replace(name, '(.)', '\1' || chr(8203), 'g'), translate(ssn, '0123456789-', '０１２３４５６７８９－') from patients;
