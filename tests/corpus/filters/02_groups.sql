-- Aggregates over rows that are chosen by a class: `dob` and `zip` want groups of 11 rows. Here are
-- three patients.

-- all of them
select count(*), min(created_at) from patients;

-- by a column without a class
select sex, count(*) from patients group by sex order by sex;

-- one by one, which is policy's to choose
select id from patients where zip = '87931-4471';

-- counted by a value
-- masks: count
select count(*) from patients where zip = '87931-4471';

-- counted by group
-- masks: zip, count
select zip, count(*) from patients group by zip;

-- counted in an expression
-- masks: n
select case when count(*) > 0 then 'yes' else 'no' end as n from patients where zip = '87931-4471';

-- through a subquery
-- masks: n
select n from (select count(*) as n from patients where zip = '87931-4471') t;

-- counted of what a subquery chose
-- masks: count
select count(*) from visits where patient_id in (select id from patients where zip = '87931-4471');

-- through WITH
-- masks: s
with t as (select id from patients where zip = '87931-4471') select sum(id) as s from t;

-- a row's count beside it
-- masks: n
select id, count(*) over () as n from patients where zip = '87931-4471';

-- collected
-- masks: ids
select array(select id from patients where zip = '87931-4471') as ids;

-- the one that is picked
-- masks: id
select (select id from patients where zip = '87931-4471') as id;

-- proven to be fewer
-- masks: count
select count(*) from patients where zip = '87931-4471' having count(*) >= 1;

-- proven in a place that proves nothing
-- masks: count
select count(*) from patients where zip = '87931-4471' having count(*) >= 11 or true;

-- rows multiplied
-- masks: count
select count(*) from patients, generate_series(1, 20) where zip = '87931-4471' having count(*) >= 11;

-- multiplied by a join
-- masks: count
select count(*) from patients p, visits a, visits b where p.zip = '87931-4471' having count(*) >= 11;

-- proven: there is no such group
select count(*) from patients where zip = '87931-4471' having count(*) >= 11;

-- proven, group by group
select zip, count(*), avg(id) from patients group by zip having count(*) > 10;

-- by a view's count of what has no class
select id, visits from patient_summary order by id;
