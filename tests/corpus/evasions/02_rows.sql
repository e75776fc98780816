-- Rows that functions give, and values that they keep, called in other notations than is usual.

-- a call in the notation of a column gives as many rows as a digit says
select i, count(*) - 1 from (select i, (array_fill(1, array[ascii(substr(ssn, i, 1)) - 47])).unnest
  from patients, generate_series(1, 11) i where id = 1) x group by i order by i;

-- token types are rows, of which there are none without a parser
select i, d from patients p, generate_series(1, 11) i, generate_series(0, 9) d,
  ts_token_type(case when substr(p.ssn, i, 1) = d::text then 3722 end) t
  where p.id = 1 group by i, d order by i;

-- the same by EXISTS, in a predicate and in the select list
select i, d from generate_series(1, 11) i, generate_series(0, 9) d where exists (select from patients p,
  ts_token_type(case when substr(p.ssn, i, 1) = d::text then 3722 end) where p.id = 1) order by i;
select id, exists (select from ts_token_type(case when ssn like '987-43%' then 3722 end)) from patients;

-- updates of extensions are rows
select i, d from patients p, generate_series(1, 11) i, generate_series(0, 9) d,
  pg_extension_update_paths(case when substr(p.ssn, i, 1) = d::text then 'plpgsql' end) t
  where p.id = 1 order by i;

-- databases of a tablespace are rows
select i, d from patients p, generate_series(1, 11) i, generate_series(0, 9) d,
  pg_tablespace_databases(case when substr(p.ssn, i, 1) = d::text then 1663 end) t
  where p.id = 1 group by i, d order by i;

-- a star among VALUES
values ((select duo from vault where id = 1).*);

-- a star among VALUES that are named
select b, column3 from (values (1, (select duo from vault where id = 1).*)) v (a, b);

-- stars among VALUES of a row and of another
select column2 from (values ((select duo from vault where id = 1).*), (1, 'x')) v;
select column2 from vault, lateral (values (vault.*), (vault.*)) v where vault.id = 1;

-- a star of a row moves the names of an alias list
select b from (select (row(1, ssn)::pair).*, 'x' as y from patients) t (a, b);

-- the same of WITH, of a join's alias and of an alias of WITH
with t (a, b) as (select (duo).*, 'x' as y from vault) select b from t;
with t as (select (duo).*, 'x' as y from vault) select b from t as u (a, b);
select j.b from ((select (duo).*, 'x' as y from vault) q cross join (select 1 as z) w) as j (a, b);

-- the same in a subquery of an expression
select array(select b from (select (duo).*, 'x' as y from vault where id = 1) t (a, b));

-- a star of a row moves the columns of a union
select p from (select 1 as o, 'a' as p, 'b' as q union all
  select (row(1, ssn)::pair).*, 'x' from patients) t;

-- a natural join merges a column that a star of a row brings
select word from (select 'x' as word) q natural right join (select (duo).* from vault) t;

-- a function of many columns beside one of a class
select c from rows from (ts_parse('default', 'a b'), upper((select ssn from patients where id = 1))) as t (a, b, c);

-- sorted by a place behind a star of a row
select id from (select (duo).*, id from vault order by 2) t;

-- functions of operators, called by their names
select btrim(ssn, '-'), array_append(array[name], ssn), array_cat(array[ssn], '{}'), jsonb_concat('{}', to_jsonb(ssn)),
  jsonb_extract_path_text(doc, 'word'), json_extract_path(doc::json, 'word'), jsonb_delete(doc, 'deep'), cash_words(number::money)
  from patients join vault using (id);

-- a row of many columns in FROM, of which one has the name of a plain column around it
select (select word from unnest((select array_agg(duo) from vault where id = 1)) u) from (select 'plain' as word) o;
select (select word from unnest('{}'::pair[] || (select duo from vault where id = 1)) u) from (select 'plain' as word) o;
select (select u.word from coalesce((select duo from vault where id = 1)) u) from (select 'plain' as word) u;
select (select word from cast((select duo from vault where id = 1) as pair) u) from (select 'plain' as word) o;
select (select word from json_populate_record((select duo from vault where id = 1), '{}') u) from (select 'plain' as word) o;

-- places of columns in rows from several functions
select t.b from rows from (json_to_record('{"x": 1}') as (x int), upper((select ssn from patients where id = 1)))
  with ordinality as t (a, b, c);
select t.c, t.a from rows from (upper((select ssn from patients where id = 1)),
  json_to_recordset('[{"x": 1}]') as (x int, y text)) as t (a, b, c);
