-- Moves of what nobody has listed to where it would be plain.

-- insert select
insert into intake.open select who from intake.arrivals;
select who from intake.open;

-- insert into a table of public, whose columns are plain
insert into scratch (what, n) select who, badge from intake.arrivals;
select what, n from scratch;

-- update from
update scratch set what = a.who, day = a.seen from intake.arrivals a;
select what, day from scratch;

-- a table made of it
create table taken as select who, seen from intake.arrivals;
select * from taken;

-- select into, and a temporary table
select who into temp taken_along from intake.loose;
select who from taken_along;

-- a view under a plain name
create view v_open as select who as department, doc from intake.arrivals;
select department, doc from v_open;

-- renamed to what is plain
alter table intake.loose rename to open_too;
alter table intake.open_too rename to open;
select who from intake.open;

-- a column renamed to what is plain
alter table intake.arrivals rename column who to id_of;
select id_of from intake.arrivals;

-- moved to a schema that is plain
alter table intake.arrivals set schema public;
select who, badge from public.arrivals;

-- attached to a parent that is plain
alter table intake.known attach partition intake.loose default;
select who from intake.known; select who from intake.loose;

-- a parent that is plain
alter table intake.loose inherit intake.open;
select who from intake.open; select who from intake.loose;

-- a plain parent of its own making
create table public.above (who text);
alter table intake.loose inherit public.above;
select who from public.above; select who from intake.loose;

-- a generated column that becomes one of its own
alter table intake.arrivals alter column loud drop expression;
select loud from intake.arrivals;

-- a foreign key that cascades it
create table public.refers_to (who text);
alter table intake.loose add unique (who);
alter table public.refers_to add foreign key (who) references intake.loose (who) on update cascade;
insert into public.refers_to select who from intake.loose; select who from public.refers_to;

-- a table of its own, filled, and read
create schema ledger create table book (line text);
insert into ledger.book select who from intake.arrivals;
select line, upper(line) from ledger.book;
