-- Roads out beside rows: errors, notices, notifications, COPY, settings, statistics, plans.

-- a cast error quotes the value
select ssn::int from patients;

-- a cast error to a date, an interval, a uuid
select name::date from patients; select name::interval from patients; select name::uuid from patients;

-- a cast error to JSON with its context
select ssn::json from patients; select name::jsonb from patients; select (name || '{')::json from patients;

-- a cast error to XML
select xmlparse(document name) from patients;

-- a cast error to an enum
select name::mood from patients;

-- a cast error to an array, a range, a composite
select name::int[] from patients; select name::int4range from patients; select name::pair from patients;

-- a cast error to names of objects
select ssn::regclass from patients; select ssn::regtype from patients; select name::regrole from patients;

-- a cast error in the predicate alone
select 1 from patients where ssn::int > 0;

-- a cast error in an expression that is thrown away
select count(*) from (select ssn::int from patients offset 0) q;

-- a cast error in order by, group by, limit
select 1 from patients order by ssn::int; select 1 from patients group by name::int; select 1 limit (select ssn::bigint from patients limit 1);

-- a cast error in a join
select 1 from patients p join visits v on v.id = p.ssn::int;

-- a cast error in VALUES and in an insert
insert into scratch (n) select ssn::numeric from patients;

-- a cast error in an update's set
update scratch set n = (select ssn from patients limit 1)::numeric;

-- a conversion error
select to_number(name, '999'), to_date(name, 'YYYY') from patients; select to_timestamp(ssn, 'HH24:MI') from patients;

-- a division by a class
select 1 / (ascii(ssn) - ascii(ssn)) from patients;

-- out of range
select (replace(ssn, '-', '') || '0000')::int from patients; select number * number from vault;

-- a value too long
select cast(name as varchar(3)) from patients; insert into scratch (what) select rpad(name, 10) from patients;

-- a check constraint with the failing row
update claims set status = 'lost' where id = 1;

-- a check constraint of a protected table
alter table patients add constraint c_sex check (sex = 'F');

-- a not-null violation with the failing row
update patients set zip = null where id = 1;

-- a not-null violation on an insert with other columns
insert into patients (id, ssn) select 99, ssn from patients limit 1;

-- a unique violation's detail
update patients set mrn = (select mrn from patients where id = 2) where id = 1;

-- a unique violation's detail by insert
insert into patients select * from patients where id = 1;

-- a foreign key violation's detail
insert into visits values (99, 804, '2024-01-01', 'x', 'y');

-- a foreign key violation on delete
delete from patients where id = 1;

-- a new unique index over a class
create unique index on patients (sex);

-- a new unique index over an expression of a class
create unique index on patients ((left(ssn, 1)));

-- a new foreign key over a class
alter table vault add foreign key (number) references visits (id);

-- an exclusion constraint
create table x_made (r int4range, exclude using gist (r with &&));
insert into x_made select int4range(number, number + 1) from vault; insert into x_made select int4range(number, number + 1) from vault;

-- a partition that does not fit
insert into contacts values (99, 'a', 'b');

-- altering the type of a class
alter table patients alter column ssn type int using ssn::int;

-- a new domain over a class
create domain d_short as text check (length(value) < 3);
select ssn::d_short from patients;

-- a new domain constraint that the rows break
alter domain careful add constraint c2 check (length(value) > 99);

-- the owner's function that complains
select complain(1);

-- the owner's function that mutters
select mutter();

-- the owner's function that mutters in a predicate
select 1 where mutter() = 1; select id from visits where mutter() = 1;

-- pg_input_error_info tells the error as a row
select * from pg_input_error_info((select ssn from patients limit 1), 'integer');

-- pg_input_is_valid tells one bit
select pg_input_is_valid((select ssn from patients limit 1), 'integer');

-- an error inside of a regular expression
select 'x' ~ ('(' || ssn) from patients;

-- an error of a JSON path
select jsonb_path_query(doc, ('$.' || (doc->>'word') || '(')::jsonpath) from vault;

-- an error of an XPath and of a tsquery
select xpath(name, '<a/>') from patients; select to_tsquery('simple', name || ' & (') from patients;

-- an error of an encoding
select convert_from(blob || '\xff', 'UTF8') from vault; select chr(number) from vault;

-- an error of a time zone, a format
select now() at time zone name from patients; select format('%' || name) from patients;

-- an error of a setting's value
select set_config('work_mem', ssn, false) from patients;

-- an error of has_table_privilege and kin
select has_table_privilege(ssn, 'select') from patients; select has_schema_privilege(name, 'usage') from patients;

-- an error by to_regclass and kin is none
select to_regclass(ssn), to_regtype(name), to_regrole(name) from patients;

-- an error of array bounds
select array_fill(0, array[number]) from vault; select (array[1, 2])[number] from vault;

-- COPY of a table
copy patients to stdout;

-- COPY of a query, CSV and binary
copy (select ssn, name from patients) to stdout with (format csv, header); copy (select ssn from patients) to stdout with (format binary);

-- COPY with odd formats
copy (select ssn, 1 from patients) to stdout with (delimiter '9', null 'x');
copy (select ssn from patients) to stdout with (format csv, quote '-', escape '-', force_quote *);

-- COPY of columns
copy patients (ssn, mrn) to stdout;

-- COPY of a view's query
copy (select number from v_numbers) to stdout; copy (table m_patients) to stdout;

-- COPY of returning
copy (update patients set zip = zip returning ssn) to stdout;

-- COPY of a partition
copy contacts_low to stdout; copy (select * from doctors) to stdout;

-- COPY in another encoding
copy patients to stdout with (encoding 'LATIN1'); copy (select name from patients) to stdout with (encoding 'EUC_JP');

-- COPY to a program
copy patients to program 'cat >&2';

-- COPY to a file, and back
copy patients to '/dev/null';
copy scratch (what) from '/dev/null';
select what from scratch;

-- COPY from a program
copy scratch (what) from program 'echo x';

-- EXPLAIN shows a filter's literal folded from a class
explain select * from patients where ssn = (select max(ssn) from patients);

-- EXPLAIN VERBOSE and ANALYZE count the rows of a guess
explain (analyze, verbose, costs off, timing off) select id from patients where ssn like '98%';

-- EXPLAIN folds a stable function into the plan
explain verbose select * from visits where department = ssn_of(1);

-- EXPLAIN folds an immutable function of the agent's
create function f_immutable() returns text immutable language sql as $$ select max(ssn) from public.patients $$;
explain verbose select f_immutable();

-- EXPLAIN as JSON
explain (format json, verbose) select name_of(1), * from patients where dob > '1940-01-01';

-- EXPLAIN ANALYZE of a write
explain (analyze) update patients set zip = zip where name like 'Z%';

-- EXPLAIN EXECUTE shows the parameters
prepare e1 (text) as select id from patients where ssn > $1;
explain execute e1 ((select max(ssn) from patients));

-- EXPLAIN ANALYZE of CREATE TABLE AS
explain analyze create temp table e2 as select ssn as department from patients;
select department from e2;

-- histograms
analyze patients;
select most_common_vals, histogram_bounds from pg_stats where tablename = 'patients';

-- statistics tables
select stavalues1, stavalues2 from pg_statistic; select stxdmcv from pg_statistic_ext_data;

-- extended statistics
create statistics s_made on ssn, name from patients;
select * from pg_stats_ext; select * from pg_stats_ext_exprs;

-- statistics by their functions
select * from pg_mcv_list_items((select stxdmcv from pg_statistic_ext_data limit 1));

-- statistics through JSON of a whole row
select to_jsonb(s) from pg_stats s where tablename = 'patients';

-- activity of other sessions
select query from pg_stat_activity; select * from pg_stat_get_activity(null);

-- one's own statement with a value in it, as activity
select query from pg_stat_activity where pid = pg_backend_pid();

-- prepared statements and cursors
prepare p1 as select ssn from patients;
select statement from pg_prepared_statements; select * from pg_cursors;

-- settings as variables
select set_config('my.secret', (select ssn from patients where id = 1), false);
select current_setting('my.secret'); show my.secret;

-- the application name as a variable
select set_config('application_name', ssn, false) from patients where id = 1;
select current_setting('application_name');

-- a setting by SET
set application_name = 'x';
select current_setting('application_name'), (select ssn from patients limit 1);

-- the search path as a variable
select set_config('search_path', (select ssn from patients limit 1), false);
select current_setting('search_path'); show search_path;

-- the time zone as a variable
select set_config('TimeZone', '<' || ssn || '>0', false) from patients where id = 1;
show timezone;

-- settings by update of the view
update pg_settings set setting = (select ssn from patients limit 1) where name = 'application_name';
select setting from pg_settings where name = 'application_name';

-- settings of a role
alter role current_user set application_name = 'x';
select setconfig from pg_db_role_setting;

-- a notification's payload
listen road;
select pg_notify('road', ssn) from patients; notify road, 'x';

-- a channel's name
select pg_notify(replace(ssn, '-', ''), '') from patients; select pg_listening_channels();

-- large objects
select lo_from_bytea(0, ssn::bytea) from patients;
select lo_get(oid) from pg_largeobject_metadata; select data from pg_largeobject;

-- large objects by descriptor
begin; select lo_create(4242); select lowrite(lo_open(4242, 131072), name::bytea) from patients limit 1;
select loread(lo_open(4242, 262144), 100);

-- files
select pg_read_file('postgresql.conf'), pg_read_binary_file('PG_VERSION'), pg_ls_dir('.');

-- the server's log
select pg_current_logfile(); select * from pg_ls_logdir();

-- roles' secrets
select rolpassword from pg_authid; select passwd from pg_shadow;

-- foreign servers' secrets
select umoptions from pg_user_mappings; select srvoptions from pg_foreign_server;

-- dblink
create extension dblink; select * from dblink('dbname=ehr', 'select ssn from patients') as t(department text);

-- foreign data
create extension file_fdw; create server f foreign data wrapper file_fdw;
create foreign table f_t (department text) server f options (filename '/etc/passwd'); select department from f_t;

-- replication
select * from pg_create_logical_replication_slot('s', 'test_decoding'); select * from pg_logical_slot_get_changes('s', null, null);

-- WAL and pages
create extension pageinspect; select get_raw_page('patients', 0);

-- catalog functions over definitions of the agent's own
create view v_literal as select id from visits;
select pg_get_viewdef('v_literal'::regclass), (select ssn from patients limit 1);

-- fast defaults keep a value in the catalog
create table fd (id int); insert into fd values (1);
alter table fd add column s text default (select 'x');
select attmissingval from pg_attribute where attrelid = 'fd'::regclass;

-- a fast default of a function's result
alter table shifts add column s text default ssn_of(1);
select attmissingval from pg_attribute where attrelid = 'shifts'::regclass; select s from shifts;

-- partition bounds made of a class
create table pb (s text) partition by list (s);
do $$ begin execute format('create table pb1 partition of pb for values in (%L)', (select ssn from patients limit 1)); end $$;
select pg_get_expr(relpartbound, oid) from pg_class where relname = 'pb1';

-- enum labels made of a class
do $$ begin execute format('create type e_leak as enum (%L)', (select ssn from patients limit 1)); end $$;
select enumlabel from pg_enum; select enum_range(null::mood);

-- a table's name made of a class
do $$ begin execute format('create table %I (id int)', (select ssn from patients limit 1)); end $$;
select relname from pg_class where relkind = 'r';

-- a comment made of a class
do $$ begin execute format('comment on table scratch is %L', (select ssn from patients limit 1)); end $$;
select obj_description('scratch'::regclass); select description from pg_description;

-- the row count as a channel
delete from scratch where n in (select ascii(ssn) from patients);

-- the command tag of a copy, an update, a select
update claims set amount = amount where (select ssn from patients where id = 1) like '9%' and id = 1;

-- two-phase commit keeps a name
begin; prepare transaction 'x';

-- pg_stat counters as a channel
select seq_scan, n_tup_ins from pg_stat_user_tables where relname = 'scratch';

-- fastpath and other functions by oid
select ssn::text::regprocedure from patients;
