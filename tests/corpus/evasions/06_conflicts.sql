-- Columns that take another value than stands at their place, and keys that tell what is there.

-- a star among the values of a merge
create table stars_m (ssn text, plain text);
merge into stars_m using (select ssn as a, ssn as b from patients) s on false
  when not matched then insert (ssn, plain) values (s.*);
select plain from stars_m;

-- a star among the values of an insert
create table stars_i (ssn text, plain text);
create type two_texts as (one text, other text);
insert into stars_i (ssn, plain) values ((select row(ssn, ssn)::two_texts from patients limit 1).*);
select plain from stars_i;

-- a star of an outer row among the values of an insert
create table stars_o (ssn text, plain text);
insert into stars_o (ssn, plain) select v.* from (select ssn as a, ssn as b from patients) s, lateral (values (s.*)) v;
select plain from stars_o;

-- a star in the row of an update
create table stars_u (ssn text, plain text); create table more_stars_u (ssn text) inherits (stars_u);
insert into stars_u values ('', '');
update stars_u set (ssn, plain) = row(s.*) from (select ssn as a, ssn as b from patients limit 1) s;
select plain from stars_u;

-- a temporary table with a domain whose default reads
create temp table fills (id int, x told_text);
insert into fills (id) values (1) returning x;
select x from fills;

-- a lock by a number of a class, in the notation of a column
select (number::bigint).pg_advisory_lock from vault;
select objid from pg_locks where locktype = 'advisory';

-- a sequence that a class names, in the notation of a column
create sequence digit_7; create sequence digit_8; create sequence digit_9;
select (('digit_' || substr(ssn, 1, 1))::regclass).nextval from patients where id < 2;
select '87-43-9911', reverse(sequencename) from pg_sequences where sequencename ~ 'digit_' and last_value > 0;

-- keys of an exclusion
create table keys_x (id int, mrn text, exclude using hash (mrn with =));
insert into keys_x select id, mrn from patients;
with made as (insert into keys_x select n, 'MRN-' || n from generate_series(77180000, 77180009) n
  on conflict do nothing returning id)
select n from generate_series(77180000, 77180009) n where n not in (select id from made);

-- keys of an expression
create table keys_e (id int, mrn text);
insert into keys_e select id, mrn from patients;
create unique index on keys_e (upper(mrn));
with made as (insert into keys_e select n, 'MRN-' || n from generate_series(77180000, 77180009) n
  on conflict do nothing returning id)
select n from generate_series(77180000, 77180009) n where n not in (select id from made);

-- keys of an expression that is named
create table keys_n (id int, mrn text);
insert into keys_n select id, mrn from patients;
create unique index on keys_n (upper(mrn));
with made as (insert into keys_n select n, 'MRN-' || n from generate_series(77180000, 77180009) n
  on conflict (upper(mrn)) do nothing returning id)
select n from generate_series(77180000, 77180009) n where n not in (select id from made);

-- keys of a part of the rows
create table keys_p (id int, mrn text);
insert into keys_p select id, mrn from patients;
create unique index on keys_p (mrn) where mrn <> '';
with made as (insert into keys_p select n, 'MRN-' || n from generate_series(77180000, 77180009) n
  on conflict do nothing returning id)
select n from generate_series(77180000, 77180009) n where n not in (select id from made);

-- a key that is generated from a class
create table keys_g (id int, mrn text, k text generated always as (upper(mrn)) stored unique);
insert into keys_g (id, mrn) select id, mrn from patients;
with made as (insert into keys_g (id, mrn) select n, 'MRN-' || n from generate_series(77180000, 77180009) n
  on conflict (k) do nothing returning id)
select n from generate_series(77180000, 77180009) n where n not in (select id from made);

-- keys below a view
create table keys_v (id int, mrn text unique);
create view keys_of_view as select id, mrn from keys_v;
insert into keys_v select id, mrn from patients;
with made as (insert into keys_of_view select n, 'MRN-' || n from generate_series(77180000, 77180009) n
  on conflict do nothing returning id)
select n from generate_series(77180000, 77180009) n where n not in (select id from made);

-- keys of a partition
create table keys_d (id int, mrn text) partition by list (id);
create table keys_default partition of keys_d default;
create unique index on keys_default (mrn);
insert into keys_d select id, mrn from patients;
with made as (insert into keys_d select n, 'MRN-' || n from generate_series(77180000, 77180009) n
  on conflict do nothing returning id)
select n from generate_series(77180000, 77180009) n where n not in (select id from made);

-- keys made in this transaction
create table keys_t (id int, mrn text);
insert into keys_t select id, mrn from patients;
begin;
create unique index on keys_t (mrn);
insert into keys_t select n, 'MRN-' || n from generate_series(77180000, 77180009) n on conflict do nothing;
commit;
select n from generate_series(77180000, 77180009) n where not exists (select from keys_t where id = n)
  and exists (select from keys_t where id > 77180000);

-- a domain that gets a default behind a temporary table
create domain gets_default as text;
create temp table of_domain (id int, x gets_default);
alter domain gets_default set default ssn_of(1);
insert into of_domain (id) values (1);
select x from of_domain;

-- rows without columns, as many as a function says
create function first_digits() returns int language sql
  as $$ select substr(ssn, 1, 3)::int from patients where id = 1 $$;
create function last_digits() returns int language sql
  as $$ select replace(substr(ssn, 5), '-', '')::int from patients where id = 1 $$;
create table rows_of_none (); create table rows_of_more ();
insert into rows_of_none select from generate_series(1, first_digits());
insert into rows_of_more select from generate_series(1, last_digits());
select (select count(*) from rows_of_none) || '-' || (select count(*) from rows_of_more);

-- the same by a merge of constants
create function middle_digits() returns int language sql
  as $$ select number / 1000 % 1000 from vault where id = 1 $$;
create table rows_merged (n int);
merge into rows_merged using generate_series(1, middle_digits()) g on false
  when not matched then insert (n) values (1);
select '804' || count(*) || '631' from rows_merged;

-- the same in a transaction, by a function under the name of one of the server's
create table rows_in_one (n int);
begin;
create function lcm() returns int language sql as $$ select number / 1000 % 1000 from vault where id = 1 $$;
merge into rows_in_one using pg_catalog.generate_series(1, lcm()) g on false
  when not matched then insert (n) values (1);
commit;
select '804' || count(*) || '631' from rows_in_one;

-- a table of a query that repeats rows as often as a class says
create table rows_times as select v.id from visits v,
  generate_series(1, (select number / 1000 % 1000 from vault where id = 1)) where v.id = 1;
select '804' || count(*) || '631' from rows_times;

-- the same of no columns, by SELECT INTO, and by EXECUTE
create table rows_nothing as select from generate_series(1, (select number / 1000 % 1000 from vault where id = 1));
select '804' || count(*) || '631' from rows_nothing;
select v.id into rows_into from visits v,
  generate_series(1, (select number / 1000 % 1000 from vault where id = 1)) where v.id = 1;
select '804' || count(*) || '631' from rows_into;
prepare repeated as select v.id from visits v,
  generate_series(1, (select number / 1000 % 1000 from vault where id = 1)) where v.id = 1;
create table rows_executed as execute repeated;
select '804' || count(*) || '631' from rows_executed;

-- a view that repeats rows as often as a class says, a view of it, and one that is materialised
create view rows_viewed as select v.id from visits v,
  generate_series(1, (select number / 1000 % 1000 from vault where id = 1)) where v.id = 1;
select '804' || count(*) || '631' from rows_viewed;
create view rows_viewed_again as select id from rows_viewed;
select '804' || count(*) || '631' from rows_viewed_again;
create materialized view rows_kept as select id from rows_viewed;
select '804' || count(*) || '631' from rows_kept;
