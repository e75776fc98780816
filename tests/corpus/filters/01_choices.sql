-- How a class may be filtered by: the agent may compare it by = and join by it, three values of a
-- class in a session; the policies "only-equality" and "few-probes" refuse what goes beyond.

-- a value that is known
select id, sex from patients where mrn = 'MRN-77180001';

-- a value that is known, by parameter
select id, sex from patients where mrn = $1 \bind MRN-77180001

-- some values
select id from patients where mrn in ('MRN-77180001', 'MRN-77180002', 'M-1') order by id;

-- some values in an array
select id from patients where mrn = any ($1) order by id \bind {MRN-77180001,MRN-77180002}

-- one value again and again
select id from patients where mrn = 'M-1';
select id from patients where 'M-1' = mrn and sex = 'F';
select count(*) from patients where mrn = $1 \bind M-1
select id from patients p join (values ('M-1')) v (m) on p.mrn = v.m;

-- joined by a class on both sides
select count(*) from patients a join patients b on a.mrn = b.mrn;

-- whether there is a value
select id from patients where mrn is not null order by id;

-- one value too many
-- refused: few-probes
select id from patients where mrn in ('1', '2', '3', '4');

-- one after the other
-- refused: few-probes
select id from patients where mrn = '1';
select id from patients where mrn = '2';
select id from patients where mrn = '3';
select id from patients where mrn = '4';

-- one after the other, by parameters
-- refused: few-probes
select id from patients where mrn = $1 \bind 1
select id from patients where mrn = $1 \bind 2
select id from patients where mrn = $1 \bind 3
select id from patients where mrn = $1 \bind 4

-- many in one parameter
-- refused: few-probes
select id from patients where mrn = any ($1) \bind {1,2,3,4}

-- one after the other, prepared
-- refused: few-probes
prepare p as select id from patients where mrn in ($1, $2);
execute p ('1', '2');
execute p ('3', '4');

-- many in one string
-- refused: few-probes
select id from patients where mrn in ('1', '2'); select id from patients where mrn in ('3', '4');

-- as rows of VALUES
-- refused: few-probes
select id from patients join (values ('1'), ('2'), ('3'), ('4')) v (m) on mrn = m;

-- as rows of VALUES in WITH
-- refused: few-probes
with v (mrn) as (values ('1'), ('2'), ('3'), ('4')) select id from patients join v using (mrn);

-- as elements of an array
-- refused: few-probes
select id from patients, unnest(array['1', '2', '3', '4']) m where m = mrn;

-- made by a function
-- refused: few-probes
select id from patients, generate_series(77180000, 77189999) n where mrn = 'MRN-' || n;

-- made by a subquery
-- refused: few-probes
select id from patients where mrn in (select 'MRN-' || n from generate_series(1, 9) n);

-- made by splitting a text
-- refused: few-probes
select id from patients where mrn = any (string_to_array('1,2,3,4', ','));

-- made of few digits
-- refused: few-probes
select id from patients where mrn = '1' || '1';
select id from patients where mrn = '1' || '2';
select id from patients where mrn = '2' || '1';
select id from patients where mrn = '2' || '2';

-- from a table without classes
-- refused: few-probes
select id from patients where mrn in (select title from documents);

-- in a cursor
-- refused: few-probes
begin;
declare c cursor for select id from patients where mrn in ('1', '2', '3', '4');

-- counted, not shown
-- refused: few-probes
select count(*) filter (where mrn = '1'), count(*) filter (where mrn = '2'), count(*) filter (where mrn = '3'), count(*) filter (where mrn = '4') from patients;

-- a range
-- refused: only-equality
select id from patients where mrn > 'MRN-5';

-- between
-- refused: only-equality
select id from patients where mrn between 'MRN-5' and 'MRN-8';

-- a row's order
-- refused: only-equality
select id from patients where (mrn, id) < ('MRN-5', 1);

-- like
-- refused: only-equality
select id from patients where mrn like 'MRN-7%';

-- a regular expression
-- refused: only-equality
select id from patients where mrn ~ '^MRN-7';

-- full text
-- refused: only-equality
select id from notes where to_tsvector(body) @@ to_tsquery('glioblastoma');

-- a function
-- refused: only-equality
select id from patients where left(mrn, 5) = 'MRN-7';

-- a cast that cuts
-- refused: only-equality
select id from patients where mrn::varchar(5) = 'MRN-7';

-- a function through a subquery
-- refused: only-equality, few-probes
select id from (select id, left(mrn, 5) as m from patients) t where m = 'MRN-7';

-- a function through WITH
-- refused: only-equality, few-probes
with t as (select id, substr(mrn, 5, 1) as m from patients) select id from t where m = '7';

-- in CASE
-- refused: only-equality
select id from patients where case mrn when 'MRN-77180001' then true else false end;

-- in a subquery
-- refused: only-equality
select id from visits v where exists (select from patients p where p.id = v.patient_id and p.mrn like '%1');

-- in a join's condition
-- refused: only-equality
select v.id from visits v join patients p on p.id = v.patient_id and p.mrn < 'MRN-8';

-- in an aggregate's filter
-- refused: only-equality
select count(*) filter (where mrn like 'MRN-7%') from patients;

-- sorted
-- refused: only-equality
select id from patients order by mrn;

-- sorted by its place
-- refused: only-equality
select id, mrn from patients order by 2 limit 1;

-- sorted in an aggregate
-- refused: only-equality
select array_agg(id order by mrn) from patients;

-- grouped
-- refused: only-equality
select count(*) from patients group by mrn;

-- grouped by a function
-- refused: only-equality
select count(*) from patients group by left(mrn, 5);

-- distinct
-- refused: only-equality
select distinct mrn from patients;

-- distinct on
-- refused: only-equality
select distinct on (mrn) id from patients;

-- a set operation
-- refused: only-equality, few-probes
select mrn from patients intersect select 'MRN-77180001';

-- a window's partitions
-- refused: only-equality
select id, count(*) over (partition by mrn) from patients;

-- a window's order
-- refused: only-equality
select id, rank() over w from patients window w as (order by mrn);

-- an aggregate in HAVING
-- refused: only-equality, few-probes
select 1 from patients having max(mrn) > 'MRN-8';

-- prepared
-- refused: only-equality
prepare p as select id from patients where mrn like $1;

-- in a cursor
-- refused: only-equality
begin; declare c cursor for select id from patients order by mrn;

-- explained
-- refused: only-equality
explain select id from patients where mrn < 'MRN-8';

-- what has no class may be filtered by in any way
select department, count(*) from visits where reason like 'c%' group by department order by department;
select distinct sex from patients order by sex;

-- a part, by each digit
-- refused: few-probes
select id from patients where left(zip, 1) = '1';
select id from patients where left(zip, 1) = '2';
select id from patients where left(zip, 1) = '3';
select id from patients where left(zip, 1) = '4';

-- each place, by one digit
-- refused: few-probes
select id from patients where substr(zip, 1, 1) = '8';
select id from patients where substr(zip, 2, 1) = '8';
select id from patients where substr(zip, 3, 1) = '8';
select id from patients where substr(zip, 4, 1) = '8';

-- every place and digit in one statement
-- refused: few-probes
select n, c from patients p, generate_series(1, 5) n, generate_series(0, 9) c where p.id = 1 and substr(zip, n, 1) = c::text order by n;

-- spelled out by recursion
-- refused: few-probes
with recursive r (z) as (select '' union all select z || d from r, generate_series(0, 9) d where exists (select from patients where id = 1 and zip like z || d || '%')) select max(z) from r;

-- every day there is
-- refused: few-probes
select d from patients p, generate_series(date '1900-01-01', date '2000-01-01', '1 day') d where p.id = 1 and p.dob = d;

-- every day there is, between
-- refused: few-probes
select d from patients p, generate_series(date '1900-01-01', date '2000-01-01', '1 day') d where p.id = 1 and p.dob between d and d;

-- the places of one digit
-- refused: few-probes
select n from (select n, substr(zip, n, 1) as x from patients, generate_series(1, 5) n where id = 1) t where x = '8';

-- as many rows as a code says
-- refused: few-probes
select n from generate_series(1, 99) n limit (select ascii(zip) from patients where id = 1);

-- sorted by places
-- refused: few-probes
select n from patients, generate_series(1, 5) n where id = 1 order by substr(zip, n, 1);

-- a set operation with values
-- refused: few-probes
select zip from patients intersect values ('1'), ('2'), ('3'), ('4');

-- a set operation with rows
-- refused: few-probes
select left(zip, 1) from patients intersect select n::text from generate_series(0, 9) n;

-- an age, asked for three times
select id from patients where dob < '1940-01-01' order by id;
select id from patients where dob between '1940-01-01' and '1950-01-01' order by id;
select count(*) from patients where extract(year from dob) = 1953 having count(*) > 10;
