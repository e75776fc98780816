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
