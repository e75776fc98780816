-- Rows of other tables: those that follow a key, and those of children.

-- a row that fails because it follows a key
create table public.fw_base (id int primary key); insert into fw_base values (1), (2);
alter table intake.loose add foreign key (id) references fw_base on update cascade, add check (id < 100);
update fw_base set id = 900 where id = 1;

-- words of what checks the rows that follow a key
create function fw_tells(int) returns boolean immutable language plpgsql as $$ begin if $1 > 100 then raise exception 'n %', (select ssn from patients where id = 1); end if; return true; end $$;
create table public.fw_top (id int primary key); insert into fw_top values (1);
create table public.fw_below (id int references fw_top on update cascade, check (fw_tells(id))); insert into fw_below values (1);
create view fw_view as select id as number from fw_top;
update fw_top set id = 900;
update fw_view set number = 901;
insert into fw_top values (1) on conflict (id) do update set id = 902;

-- a trigger of what follows a key
create table public.fw_key (id int primary key); insert into fw_key values (1);
alter table guarded add foreign key (id) references fw_key on update cascade;
update fw_key set id = 903;
select what from scratch;

-- a column that a child generates otherwise than its parent
create function gn_of(int) returns text immutable language plpgsql as $$ begin return (select ssn from patients where id = $1); end $$;
create table public.gn_top (id int, g text generated always as ('x' || 'y') stored);
create table public.gn_below (g text generated always as (gn_of(id)) stored) inherits (public.gn_top);
insert into gn_below (id) values (1);
select g from gn_top;
select upper(g) from gn_top;
create materialized view gn_kept as select g as department from gn_top;
drop table gn_below;
select upper(department) from gn_kept;

-- a column that a temporary child generates
create function tc_of(int) returns text immutable language plpgsql as $$ begin return (select ssn from patients where id = $1); end $$;
create table public.tc_top (id int, g text generated always as ('x' || 'y') stored);
create temp table tc_below (g text generated always as (tc_of(id)) stored) inherits (public.tc_top);
insert into tc_below (id) values (1);
select upper(g) from tc_top;
create temp table tc_joined (id int, g text generated always as (tc_of(id)) stored);
alter table tc_joined inherit tc_top;
insert into tc_joined (id) values (1);
select upper(g) from tc_top;

-- words of what the planner works out for who only reads: an index, statistics, a check
create table public.pf_on (id int);
create function pf_tells(int) returns boolean immutable language plpgsql as $$ begin if exists (select 1 from public.pf_on) then raise exception 'n %', (select ssn from public.patients where id = 1); end if; return true; end $$;
create table public.pf_index (id int, n int); create table public.pf_statistics (id int, n int); create table public.pf_check (id int, n int);
create index on public.pf_index (n) where pf_tells(8);
create statistics public.pf_made on (n + pf_tells(8)::int), n from public.pf_statistics;
alter table public.pf_check add check (n > 0 and pf_tells(8));
insert into pf_index values (1, 1); insert into pf_statistics values (1, 1); insert into pf_check values (1, 1);
insert into pf_on values (1);
select n from pf_index where n = 1;
explain select n from pf_index where n = 1;
select n from pf_statistics where n = 1;
set constraint_exclusion = on;
select n from pf_check where n = 1;
analyze;
vacuum;
reindex table pf_index;
analyze pf_statistics;

-- a column that a temporary child of a temporary table generates
create function tt_of(int) returns text immutable language plpgsql as $$ begin return (select ssn from patients where id = $1); end $$;
create temp table tt_top (id int, g text generated always as ('x' || 'y') stored);
create temp table tt_below (g text generated always as (tt_of(id)) stored) inherits (tt_top);
insert into tt_below (id) values (1);
create temp table tt_joined (id int, g text generated always as (tt_of(id)) stored);
alter table tt_joined inherit tt_top;
insert into tt_joined (id) values (1);
select upper(g) from tt_top;

-- a materialised view of a child that the transaction makes and drops
create function mc_of(int) returns text immutable language plpgsql as $$ begin return (select ssn from public.patients where id = $1); end $$;
create table public.mc_top (id int, g text generated always as ('x' || 'y') stored);
create view mc_view as select id, g from mc_top;
begin;
create table public.mc_below (g text generated always as (mc_of(id)) stored) inherits (public.mc_top);
insert into public.mc_below (id) values (1);
create materialized view mc_kept as select id, g as department from mc_view;
drop table public.mc_below;
commit;
select upper(department) from mc_kept;
