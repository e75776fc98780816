-- What stands in the database of the corpus beside the demo's tables: classes in every kind of
-- relation and type, and code of the owner's that reads them. Loaded by the superuser, before the
-- gateway reads its catalog. Every value under a class is planted: see planted.ts.

truncate patients, visits, notes, claims;
insert into patients (id, mrn, name, ssn, dob, sex, zip, email, phone, created_at) values
  (1, 'MRN-77180001', 'Zebulina Quorxplanted', '987-43-9911', '1931-07-23', 'F', '87931-4471',
    'zebu.quorx@zqmail.example', '(617) 555-0177', '2024-01-01'),
  (2, 'MRN-77180002', 'Wolframina Yttriumfeld', '986-52-8821', '1947-11-29', 'F', '86427-3391',
    'wolf.yttr@wymail.example', '(718) 555-0188', '2024-01-02'),
  (3, 'MRN-77180003', 'Xanthippe Kvothebrook', '985-61-7731', '1953-08-17', 'M', '85713-9927',
    'xanth.kvot@xkmail.example', '(819) 555-0199', '2024-01-03');
insert into visits (id, patient_id, visited_on, department, reason) values
  (1, 1, '2024-02-01', 'oncology', 'checkup'), (2, 1, '2024-03-01', 'cardiology', 'follow-up'),
  (3, 2, '2024-02-02', 'oncology', 'checkup'), (4, 3, '2024-02-03', 'pediatrics', 'vaccination');
insert into notes (id, visit_id, author, body) values
  (1, 1, 'Dr. Sand', 'Zqplantednote about glioblastoma'),
  (2, 3, 'Dr. Reed', 'Wyplantednote about endocarditis');
insert into claims (id, visit_id, amount, payer, icd10, status) values
  (1, 1, 120.50, 'Acme Health', 'C71.9', 'paid'), (2, 2, 80.00, 'Acme Health', 'I38', 'submitted'),
  (3, 3, 95.25, 'Blue Plan', 'C71.9', 'denied'), (4, 4, 40.00, 'Blue Plan', 'Z23', 'paid');

-- Classified values of many types.
create type pair as (code int, word text);
create table vault (
  id int primary key,
  label text not null,
  number int not null,
  big bigint not null,
  amount numeric not null,
  body text not null,
  doc jsonb not null,
  blob bytea not null,
  tags text[] not null,
  duo pair not null,
  body_upper text generated always as (upper(body)) stored,
  body_length int generated always as (length(body)) virtual,
  words tsvector generated always as (to_tsvector('simple', body)) stored
);
insert into vault (id, label, number, big, amount, body, doc, blob, tags, duo) values
  (1, 'first', 804172631, 804172631, 804172631, 'vaultwordkestrel',
    '{"word": "vaultwordkestrel", "deep": [{"n": 804172631}]}', 'vaultwordkestrel',
    '{vaultwordkestrel,other}', row(804172631, 'vaultwordkestrel')),
  (2, 'second', 739518462, 739518462, 739518462, 'vaultwordmerganser',
    '{"word": "vaultwordmerganser", "deep": [{"n": 739518462}]}', 'vaultwordmerganser',
    '{vaultwordmerganser,other}', row(739518462, 'vaultwordmerganser'));

-- Nothing in these has a class.
create table scratch (id int generated always as identity, what text, n numeric, day date);
create table documents (id int primary key, title text, doc jsonb);
insert into documents values (1, 'guide', '{"a": 1, "list": [1, 2]}'), (2, 'map', '{"a": 2}');
create sequence plain_sequence;
create type mood as enum ('calm', 'busy');
create table shifts (id int primary key, who text, mood mood, hours int4range, at timestamptz);
insert into shifts values (1, 'team a', 'calm', '[1,5)', '2024-01-01 08:00+00'),
  (2, 'team b', 'busy', '[5,9)', '2024-01-01 16:00+00');

-- Partitions, inheritance, another schema.
create table contacts (id int, email text, ssn text) partition by range (id);
create table contacts_low partition of contacts for values from (0) to (10);
create table contacts_high partition of contacts for values from (10) to (20);
insert into contacts values (1, 'zebu.quorx@zqmail.example', '987-43-9911'),
  (11, 'wolf.yttr@wymail.example', '986-52-8821');
create table staff (id int, phone text);
create table doctors (specialty text) inherits (staff);
insert into staff values (1, '(617) 555-0177');
insert into doctors values (2, '(718) 555-0188', 'surgery');
create schema other;
create table other.people (id int, ssn_copy text);
insert into other.people values (1, '987-43-9911'), (2, '986-52-8821');
create table other.patients (id int, label text);
insert into other.patients values (1, 'not a patient');

-- What nobody has listed, and what is plain: `unlisted: mask`, and patterns of plain columns.
create schema intake;
create table intake.arrivals (
  id int not null,
  who text not null,
  badge bigint not null,
  seen date not null,
  doc jsonb not null,
  loud text generated always as (upper(who)) stored
);
insert into intake.arrivals values
  (1, 'arrivalwordkittiwake', 618305947, '1962-02-19', '{"word": "arrivalwordkittiwake"}'),
  (2, 'arrivalwordkittiwake', 618305947, '1962-02-19', '{"deep": ["arrivalwordkittiwake"]}');
create table intake.loose as select id, who from intake.arrivals;
alter table intake.loose alter column id set not null;
create table intake.known (id int not null, who text) partition by list (id);
create table intake.known_later partition of intake.known for values in (7);
insert into intake.known values (7, 'nobody');
create table intake.open (who text);
create view v_arrivals as select id, who as department, badge + 1 as next from intake.arrivals;
create materialized view m_arrivals as select id, doc as words from intake.arrivals;
create function arrival(int) returns text language sql stable
  as $$ select who from intake.arrivals where id = $1 $$;

-- A class by the relation's name alone.
create table ward_book (id int, secret text);
create table ward_shelf (id int, secret text);
create table ward_case (id int, secret text);
insert into ward_book values (1, 'bookwordguillemot');
insert into ward_shelf values (1, 'bookwordguillemot');
create table ward_page (id int, secret text);
create table ward_leaf (id int, secret text);
insert into ward_case values (1, 'bookwordguillemot');
insert into ward_page values (1, 'bookwordguillemot');
insert into ward_leaf values (1, 'bookwordguillemot');
create schema wing create table page (id int, secret text);
insert into wing.page values (1, 'bookwordguillemot');

-- Views, views of views, a materialised view, a writable view with a rule.
create view v_numbers as select id, ssn as number, length(ssn) as size from patients;
create view v_again as select n.number as x, n.id from v_numbers n;
create view v_union as select ssn as it from patients union all select body from notes;
create view v_plain as select id, department from visits;
create view v_case as select id, case when sex = 'F' then name else mrn end as shown from patients;
create view v_window as select id, lag(name) over (order by id) as before from patients;
create materialized view m_patients as select id, ssn as social, name || '!' as loud from patients;
create view v_ruled as select id, what from scratch;
create rule ruled as on insert to v_ruled do instead
  insert into scratch (what) select ssn from patients returning id, what;

-- The owner's functions, operators, casts and triggers.
create function ssn_of(patient int) returns text language sql stable
  as $$ select ssn from patients where id = patient $$;
create function name_of(patient int) returns text language plpgsql stable
  as $$ begin return (select name from patients where id = patient); end $$;
create function everyone() returns setof patients language sql stable
  as $$ select * from patients $$;
create function report() returns table (title text, total int) language plpgsql
  as $$ begin return query select name, 1 from patients; end $$;
create function run_text(query text) returns text language plpgsql
  as $$ declare result text; begin execute query into result; return result; end $$;
create function complain(patient int) returns int language plpgsql as $$ begin
  raise notice 'the number is %', (select ssn from patients where id = patient);
  raise exception 'number %', (select ssn from patients where id = patient)
    using detail = (select name from patients where id = patient), hint = 'mrn', errcode = '22012';
end $$;
create function mutter() returns int language plpgsql as $$ begin
  raise notice 'psst %', (select ssn from patients where id = 1); return 1;
end $$;
create function mutters(text) returns boolean language plpgsql as $$ begin
  raise notice 'psst %', (select ssn from patients where id = 1); return true;
end $$;
create function reset_path() returns int language plpgsql as $$ begin
  perform set_config('search_path', 'other, public', false); return 1;
end $$;
create schema twist;
create view twist.shifts as select id, ssn as who, 'calm'::mood as mood, null::int4range as hours,
  null::timestamptz as at from patients;
create function twist_path() returns int language plpgsql stable as $$ begin
  perform set_config('search_path', 'twist, public', false); return 1;
end $$;
create function twist_again() returns int language sql stable as $$ select twist_path() $$;
create function twist_setting() returns int language sql set search_path = twist
  as $$ select 1 $$;
create function pure_words(text) returns text language plpgsql immutable as $$ begin
  return upper($1); end $$;
create function overloaded(int) returns text language sql as $$ select 'plain' $$;
create function overloaded(text) returns text language sql
  as $$ select ssn from patients limit 1 $$;
create aggregate first_text (text) (sfunc = textcat, stype = text);
create procedure move_out() language sql
  as $$ insert into scratch (what) select ssn from patients $$;
create function initcap(int) returns text language sql
  as $$ select ssn from patients where id = $1 $$;
create function peek(int, int) returns text language sql
  as $$ select ssn from patients where id = $1 $$;
create operator <~> (leftarg = int, rightarg = int, function = peek);
create function peek_add(mood, int) returns text language sql
  as $$ select ssn from patients where id = $2 $$;
create operator <<| (leftarg = mood, rightarg = int, function = peek_add);
create type ticket as (number int);
create function ticket_text(ticket) returns text language sql
  as $$ select ssn from patients where id = ($1).number $$;
create cast (ticket as text) with function ticket_text(ticket);
create function to_ticket(mood) returns ticket language sql
  as $$ select row(1)::ticket from (select ssn from patients) x limit 1 $$;
create cast (mood as ticket) with function to_ticket(mood);
create domain careful as text check (mutters(value));
create table careful_words (id int, word careful, other text default 'x' check (mutters(other)));
create table guarded (id int, what text);
insert into guarded values (1, 'x');
create function copy_out() returns trigger language plpgsql as $$ begin
  insert into scratch (what) select ssn from patients; new.what := (select ssn from patients limit 1);
  return new;
end $$;
create trigger guard before insert or update on guarded for each row execute function copy_out();

-- Code behind a default, a partition's key, a range's differences and a cursor.
create domain told_text as text default ssn_of(1);
create table told (id int, what told_text);
create function told_key(int) returns text immutable language plpgsql as $$ begin
  raise notice 'psst %', (select ssn from patients where id = 1);
  return (select ssn from patients where id = $1); end $$;
create table told_keys (id int) partition by list (told_key(id));
create function told_between(int, int) returns float8 immutable language plpgsql as $$ begin
  raise notice 'psst %', (select ssn from patients where id = 1); return 1.0 * ($1 - $2); end $$;
create type told_range as range (subtype = int, subtype_diff = told_between);
create table told_ranges (r told_range);
create index on told_ranges using gist (r);
create function swap_cursor() returns int language plpgsql as $$ declare r refcursor := 'swap'; begin
  close r; open r for select upper(ssn), lower(name) from patients; return 1; end $$;
create function count_up() returns int language plpgsql as $$ begin
  for n in 1 .. (select number / 1000000 from vault where id = 1) loop
    perform nextval('plain_sequence');
  end loop; return 1; end $$;
create sequence second_sequence;
create sequence third_sequence;
