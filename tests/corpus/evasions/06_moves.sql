-- Moves inside of the database: what carries a class into a column without one.

-- insert select
insert into scratch (what) select ssn from patients;
select what from scratch;

-- insert select of an expression
insert into scratch (what, n) select md5(name), ascii(ssn) from patients;
select what, n from scratch;

-- insert of a scalar subquery
insert into scratch (what) values ((select ssn from patients where id = 1));
select what from scratch;

-- insert through a writable view
create view v_scratch as select id, what as department from scratch;
insert into v_scratch (department) select ssn from patients;
select department from v_scratch; select what from scratch;

-- insert by position
insert into documents select id + 10, name, to_jsonb(ssn) from patients;
select title, doc from documents;

-- insert with overriding and default
insert into scratch overriding system value select id + 100, ssn from patients;
select what from scratch;

-- insert whole rows
insert into other.patients select id, ssn from patients;
select label from other.patients;

-- on conflict
insert into documents values (1, 'x') on conflict (id) do update set title = (select ssn from patients where id = 1);
select title from documents;

-- on conflict with excluded
insert into documents (id, title) select id, ssn from patients on conflict (id) do update set title = excluded.title;
select title from documents;

-- update to a plain column of the same row
update patients set sex = ssn;
select sex from patients;

-- update of another table
update documents set title = p.ssn from patients p where p.id = documents.id;
select title from documents;

-- update of several columns
update documents set (title, doc) = (select ssn, to_jsonb(name) from patients where patients.id = documents.id);
select title, doc from documents;

-- update of an element or a field
update documents set doc['a'] = (select to_jsonb(ssn) from patients where id = 1);
select doc from documents;

-- update through a class to a lesser one
update patients set zip = ssn;
select zip, substr(zip, 1, 3) from patients;

-- swap of two classes
update patients set name = ssn, ssn = name;
select name, ssn from patients;

-- merge
merge into documents d using patients p on d.id = p.id when matched then update set title = p.ssn
  when not matched then insert values (p.id, p.name);
select title from documents;

-- merge that reads the target
merge into patients p using visits v on v.patient_id = p.id when matched and v.id = 1 then update set sex = p.ssn returning p.sex;

-- create table as
create table ct_plain as select ssn as department from patients;
select department from ct_plain;

-- create table as with column names
create table ct_names (a, b) as select id, name from patients;
select b from ct_names;

-- create table as execute
prepare ct as select ssn as department from patients;
create table ct_execute as execute ct;
select department from ct_execute;

-- create table as table
create table ct_table as table patients;
select ssn from ct_table; select sex from ct_table;

-- create table with no data, then filled
create table ct_empty as select ssn as department from patients with no data;
insert into ct_empty select ssn from patients;
select department from ct_empty;

-- select into
select name as label into ct_into from patients;
select label from ct_into;

-- a view under other names
create view vw_names (a, b) as select id, ssn from patients;
select b from vw_names;

-- a view of a view of a join
create view vw_join as select v.department, p.ssn as x from visits v join patients p on p.id = v.patient_id;
create view vw_join2 as select x as y from vw_join;
select y from vw_join2;

-- a view replaced under its users
create view vw_base as select id, department as x from visits;
create view vw_user as select x from vw_base;
select x from vw_user;
create or replace view vw_base as select id, ssn as x from patients;
select x from vw_user;

-- a view replaced in a transaction
begin;
create view vw_tx as select ssn as department from patients;
select department from vw_tx;
rollback;

-- a view replaced under a prepared statement
create view vw_prepared as select department as x from visits;
prepare vp as select x from vw_prepared;
execute vp;
create or replace view vw_prepared as select ssn as x from patients;
execute vp;

-- a materialised view under other names
create materialized view mv_names (a, b) as select id, ssn from patients;
select b from mv_names;

-- a materialised view, refreshed
create materialized view mv_later as select name as label from patients with no data;
refresh materialized view mv_later;
select label from mv_later;

-- a recursive view
create recursive view rv (n, s) as select 1, ssn from patients union all select n + 1, s from rv where n < 2;
select s from rv;

-- a renamed column
alter table contacts rename column ssn to plain;
select plain from contacts;

-- a renamed table
alter table notes rename to remarks;
select body from remarks;

-- a renamed schema
alter schema other rename to plain;
select ssn_copy from plain.people;

-- a table moved to another schema
alter table patients set schema other;
select ssn, name from other.patients;

-- a renamed view's column
alter view v_numbers rename column number to department;
select department from v_numbers;

-- a renamed view
alter view v_again rename to v_plainest;
select x from v_plainest;

-- a renamed attribute of a type
alter type pair rename attribute word to department;
select (duo).department from vault;

-- a generated column over a class
alter table patients add column twin text generated always as (ssn || '') stored;
select twin from patients;

-- a virtual generated column over a class
alter table patients add column shade int generated always as (length(name)) virtual;
select shade from patients;

-- a generated column's expression changed
alter table vault alter column body_upper set expression as (doc->>'word');
select body_upper from vault;

-- a column's type changed using another column
alter table patients alter column sex type text using ssn;
select sex from patients;

-- a column's default, applied to rows
alter table documents add column s text default (select 'x');
select s from documents;

-- a new parent of a protected table
create table parent_of (ssn text, name text);
alter table patients inherit parent_of;
select name from parent_of;

-- a new parent with a plain name for a class
create table plain_parent (phone text);
alter table staff inherit plain_parent;
select phone from plain_parent;

-- a protected table attached as a partition
create table wide (id int, email text, ssn text) partition by list (id);
alter table wide attach partition contacts_low for values in (1);
select email, ssn from wide;

-- a partition detached
alter table contacts detach partition contacts_high;
select email from contacts_high;

-- a partition exchanged by its name
alter table contacts_low rename to plain_name;
select ssn from plain_name;

-- a table like a protected one under another name
create table alike (like patients including all);
insert into alike select * from patients;
select name from alike;

-- a typed table
create table typed of pair;
insert into typed select (duo).* from vault;
select word from typed;

-- a composite column that takes a row
create table holder (p patients);
insert into holder select p from patients p;
select (p).ssn from holder; select p from holder;

-- an array column that takes rows
create table bag (list text[]);
insert into bag select array_agg(ssn) from patients;
select list from bag;

-- COPY in to a protected column, then out by another name
create view vw_copy as select zip as department from patients;
select department from vw_copy;

-- a rule instead of a view
create table ruled_table (x text);
create rule "_RETURN" as on select to ruled_table do instead select ssn as x from patients;
select x from ruled_table;

-- a foreign key that cascades a value
create table refers (mrn text references patients (mrn) on update cascade);
insert into refers select mrn from patients;
select mrn, upper(mrn) from refers;

-- a temporary table filled by update
create temp table tu (id int, a text);
insert into tu values (1, 'x');
update tu set a = (select ssn from patients where id = 1);
select a from tu;

-- a temporary table filled by insert
create temp table ti (a text);
insert into ti select name from patients;
select a from ti;

-- a temporary table filled by merge
create temp table tm (id int, a text);
merge into tm using patients p on tm.id = p.id when not matched then insert values (p.id, p.ssn);
select a from tm;

-- a temporary table filled by a writing WITH
create temp table tw (a text);
with x as (insert into tw select ssn from patients returning 1) select count(*) from x;
select a from tw;

-- a temporary table by EXECUTE
prepare te as select ssn as a from patients;
create temp table te2 as execute te;
select a from te2;

-- delete returning into an insert
with gone as (delete from patients where false returning ssn) insert into scratch (what) select ssn from gone;

-- moved by a deletion into an archive
with kept as (update patients set zip = zip returning ssn) insert into documents (id, title) select 500, max(ssn) from kept;
select title from documents;

-- a sequence started at a class
create sequence sq_made; select setval('sq_made', number) from vault where id = 1;
select last_value from sq_made;

-- uncommitted DDL and a savepoint
begin; savepoint a; create table tx_t as select 1 as department; rollback to a;
create table tx_t as select ssn as department from patients; select department from tx_t; rollback;
