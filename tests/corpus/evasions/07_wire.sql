-- Messages: what a statement or portal was is not what its name means later.

-- a portal of another search path
set search_path = twist, public;
begin;
\wire parse s: select upper(who) from shifts | bind p=s | execute p 1
set search_path = public;
\wire execute p

-- a portal of another search path in one batch
set search_path = twist, public;
\wire parse s: select upper(who) from shifts | bind p=s | parse t: set search_path = public | bind q=t | execute q | execute p

-- a portal of another search path, described
set search_path = twist, public;
begin;
\wire parse s: select upper(who) from shifts | bind p=s[1] | describe portal p
set search_path = public;
\wire execute p 1 | execute p

-- the unnamed statement replaced under a portal
\wire parse -: select upper(ssn) from patients | bind p=- | parse -: select upper(department) from visits | execute p

-- the unnamed statement replaced under the unnamed portal
\wire parse -: select upper(ssn) from patients | bind -=- | parse -: select upper(department) from visits | execute -

-- the unnamed statement replaced behind a flush
\wire parse -: select upper(ssn) from patients | bind p=- | flush | parse -: select upper(department) from visits | flush | execute p

-- a statement closed and made again under a portal
\wire parse s: select upper(ssn) from patients | bind p=s | close statement s | parse s: select upper(department) from visits | execute p

-- a statement closed and made again, with rows to come
begin;
\wire parse s: select upper(ssn) from patients | bind p=s | execute p 1
\wire close statement s | parse s: select upper(department) from visits | describe statement s
\wire execute p 1
\wire execute p

-- a statement deallocated and made again by SQL
begin;
\wire parse s: select upper(ssn) from patients | bind p=s
deallocate s;
prepare s as select upper(department) from visits;
\wire execute p

-- all statements deallocated, one made again
begin;
\wire parse s: select upper(ssn) from patients | bind p=s
deallocate all;
\wire parse s: select upper(department) from visits | execute p

-- a portal closed by SQL, and a cursor of its name
begin;
\wire parse s: select upper(department) from visits | bind p=s | execute p 1
close p;
declare p cursor for select upper(ssn) from patients;
\wire execute p

-- all portals closed by SQL, and a cursor of one's name
begin;
\wire parse s: select upper(department) from visits | bind p=s | execute p 1
close all;
declare p cursor for select upper(ssn) from patients;
\wire execute p 2

-- a portal gone with its savepoint, and a cursor of its name
begin; savepoint a;
\wire parse s: select upper(department) from visits | bind p=s | execute p 1
rollback to a;
declare p cursor for select upper(ssn) from patients;
\wire execute p

-- a portal swapped by the owner's function
begin;
\wire parse s: select upper(department), lower(reason) from visits | bind swap=s | execute swap 1
select swap_cursor();
\wire execute swap

-- a portal swapped by a function of one's own
create function f_portal() returns int language plpgsql as $$ declare r refcursor := 'p'; begin
  close r; open r for select upper(ssn), lower(name) from patients; return 1; end $$;
begin;
\wire parse s: select upper(department), lower(reason) from visits | bind p=s | execute p 1
\wire parse f: select f_portal() | bind f=f | execute f | execute p

-- a portal that a function made
create function f_opens() returns refcursor language plpgsql as $$ declare r refcursor := 'opened'; begin
  open r for select upper(ssn) from patients; return r; end $$;
begin;
\wire parse s: select f_opens() | bind p=s | execute p
\wire describe portal opened | execute opened

-- a portal fetched from by SQL
begin;
\wire parse s: select upper(ssn) from patients | bind p=s
fetch all from p;

-- a cursor executed by its name
begin;
declare c cursor for select upper(ssn) from patients;
\wire describe portal c | execute c

-- code that runs when a portal is bound
create function f_bound() returns text immutable language plpgsql as $$ begin
  raise notice 'psst %', (select ssn from patients where id = 1); return (select name from patients where id = 1); end $$;
\wire parse s: select 1 where f_bound() = 'x'
\wire bind p=s
\wire bind p=s | describe portal p | execute p

-- code that runs when a portal is bound, and fails
create function f_fails() returns text immutable language plpgsql as $$ begin
  return (select ssn from patients where id = 1)::int; end $$;
\wire parse s: select 1 where f_fails() = 'x'
\wire bind p=s

-- a parameter of a checked domain
\wire parse s(careful): select $1 | bind p=s x | execute p

-- a parameter of a checked domain that nothing reads
\wire parse s(careful,int4): select $2 | bind p=s x 1 | execute p

-- a parameter of a checked domain, bound alone
\wire parse s(careful): select $1
\wire bind p=s x

-- a parameter of an array of a checked domain, of a row with one
\wire parse s(_careful): select $1 | bind p=s {x} | execute p
\wire parse t(careful_words): select 1 where $1 is null | bind q=t (1,x,y) | execute q

-- formats mixed
\wire parse s: select id, ssn, number, dob, doc from patients natural join vault | bind p=s[1,0,1,1,0] | execute p

-- formats mixed, of another number than columns
\wire parse s: select id, ssn from patients | bind p=s[1,0,1] | execute p

-- columns described of another statement
\wire parse -: select id from visits | describe statement - | parse -: select number from vault | bind -=- | execute -

-- columns described, then altered
\wire parse s: select * from documents | describe statement s
alter table documents add column later text default ssn_of(1);
\wire bind p=s | execute p
\wire parse t: table documents | bind q=t | describe portal q | execute q

-- a statement prepared before a temporary view stood in its way
\wire parse s: select upper(who) from shifts
create temp view shifts as select id, ssn as who from patients;
\wire bind p=s | execute p

-- a statement prepared while a temporary view stood in its way
create temp view shifts as select id, ssn as who from patients;
begin;
\wire parse s: select upper(who) from shifts | bind p=s | execute p 1
drop view pg_temp.shifts;
\wire execute p

-- a portal bound before a view was replaced
create view v_portal as select id, upper(ssn) as x from patients;
begin;
\wire parse s: select x || '' from v_portal | bind p=s | execute p 1
create or replace view v_portal as select id, upper(department) as x from visits;
\wire execute p

-- a cursor declared by a portal of another path
set search_path = twist, public;
begin;
\wire parse s: declare d cursor for select upper(who) from shifts | bind p=s
set search_path = public;
\wire execute p
fetch all from d;

-- a statement prepared by a portal of another path
set search_path = twist, public;
begin;
\wire parse s: prepare late as select upper(who) from shifts | bind p=s
set search_path = public;
\wire execute p
execute late;

-- EXECUTE in a portal, and another statement of that name
prepare k as select upper(department) from visits;
begin;
\wire parse s: execute k | bind p=s
deallocate k;
prepare k as select upper(ssn) from patients;
\wire execute p

-- EXECUTE in a portal, and its statement by the protocol
\wire parse k: select upper(department) from visits | parse s: execute k | bind p=s | close statement k | parse k: select upper(ssn) from patients | execute p

-- a prepared statement that another had the name of
prepare again as select upper(department) from visits;
execute again;
deallocate again;
prepare again as select upper(ssn) from patients;
execute again;

-- a prepared statement that another session has the name of
prepare common as select upper(name) from patients;
execute common; explain execute common;

-- the same name with nothing to hide
prepare common as select upper(department) from visits;
execute common; explain execute common;

-- FETCH in a portal, and another cursor of that name
begin;
declare c cursor for select upper(department) from visits;
\wire parse s: fetch all from c | bind p=s
close c;
declare c cursor for select upper(ssn) from patients;
\wire execute p

-- names of a batch that failed in its middle
\wire parse s: select upper(ssn) from patients | parse x: select 1/0 | bind x=x | execute x | parse s2: select 1
\wire parse s: select upper(department) from visits | bind p=s | execute p
\wire bind p=s | describe portal p | execute p

-- a name made again in a batch that failed
\wire parse s: select upper(department) from visits
\wire close statement s | parse s: select upper(ssn) from patients | parse x: select 1/0 | bind x=x | execute x
\wire bind p=s | execute p

-- COPY by a portal
\wire parse -: copy patients to stdout | bind -=- | execute -
\wire parse -: copy (select upper(ssn) from patients) to stdout (format binary) | bind -=-[1] | execute -

-- EXPLAIN by a portal
\wire parse -: explain (analyze, verbose) select id from patients where ssn > (select min(ssn) from patients) | bind -=- | execute -

-- rows to come after styles changed
begin;
\wire parse s: select dob, blob, doc from patients natural join vault | bind p=s | execute p 1
set datestyle = 'German'; set bytea_output = 'escape';
\wire execute p

-- the end of a COPY that never began, before other statements
\wire parse s: select 1 | bind -=s | execute -
\wire copy_done | parse a: select upper(department) from visits | bind a=a | execute a | parse b: select upper(name) from patients | bind b=b | execute b

-- the end of a COPY in the middle of its batch
\wire parse s: copy scratch (what) from stdin | bind s=s | execute s | copy_done | parse a: select upper(department) from visits | bind a=a | execute a | parse b: select upper(name) from patients | bind b=b | execute b

-- two names of statements of which the server keeps the same bytes
\wire parse nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnna: select upper(department) from visits
\wire close statement nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnb
\wire parse nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnb: select upper(name) from patients
\wire bind -=nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnna | execute -

-- two names of portals of which the server keeps the same bytes
begin;
\wire parse s: select upper(department) from visits | bind nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnna=s | parse t: select upper(name) from patients
\wire close portal nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnb | bind nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnb=t
\wire execute nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnna
