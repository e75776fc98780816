-- Daily work that touches classes: exactly the columns of a class come back masked.

-- a list of patients
-- masks: mrn, name
select id, mrn, name, sex from patients order by id;

-- every column
-- masks: mrn, name, ssn, dob, zip, email, phone
select * from patients order by id;

-- by its key
-- masks: name, dob
select id, name, dob, sex from patients where id = 1;

-- by several keys
-- masks: name
select id, name from patients where id in (1, 2, 3) order by id;

-- by a parameter
-- masks: name
select id, name, sex from patients where id = $1 \bind 2

-- by keys as an array
-- masks: email
select id, email from patients where id = any ($1::int[]) order by id \bind {1,2}

-- joined
-- masks: name
select v.id, v.department, p.name from visits v join patients p on p.id = v.patient_id order by v.id;

-- joined from the other side
-- masks: name, body
select p.id, p.name, v.department, n.author, n.body from patients p join visits v on v.patient_id = p.id join notes n on n.visit_id = v.id order by v.id;

-- notes with their authors
-- masks: body
select id, author, body from notes order by id;

-- an expression of a class beside plain ones
-- masks: initial
select id, upper(sex) as sex, left(name, 1) as initial from patients order by id;

-- an aggregate of a class beside a plain one
-- masks: youngest
select sex, count(*) as n, max(dob) as youngest from patients group by sex order by sex;

-- a scalar subquery of a class
-- masks: who
select v.id, (select p.name from patients p where p.id = v.patient_id) as who, v.reason from visits v order by v.id;

-- a view
-- masks: mrn, name, dob, zip
select id, mrn, name, dob, zip, visits from patient_summary order by id;

-- a view that renames
-- masks: number, size
select id, number, size from v_numbers order by id;

-- a view of a view
-- masks: x
select id, x from v_again order by id;

-- a materialised view
-- masks: social, loud
select id, social, loud from m_patients order by id;

-- a partitioned table
-- masks: email, ssn
select id, email, ssn from contacts order by id;

-- a partition
-- masks: email
select id, email from contacts_low;

-- an inheritance child
-- masks: phone
select id, phone, specialty from doctors;

-- a class in a subquery that is not shown
select v.id from visits v join (select id, name from patients) p on p.id = v.patient_id order by v.id;

-- a class in a WITH that is not shown
with p as (select * from patients) select p.id, p.sex from p order by p.id;

-- a class in EXISTS over a key
select id, department from visits v where exists (select * from patients p where p.id = v.patient_id) order by id;

-- a window over plain keys beside a class
-- masks: name
select id, name, row_number() over (order by id) as place from patients order by id;

-- a union with a class in one arm
-- masks: label
select id, department as label from visits where id < 0 union all select id, name from patients order by id;

-- a case that chooses between a class and a constant
-- masks: shown
select id, case when id = 1 then name else 'other' end as shown from patients where id = 1;

-- types of many kinds
-- masks: number, big, amount, body, doc, blob, tags, duo, body_upper, body_length, words
select * from vault order by id;

-- plain columns beside classes of many types
select id, label from vault order by id;

-- JSON built of plain and protected parts
-- masks: whole
select id, json_build_object('id', id, 'sex', sex) as plain, json_build_object('name', name) as whole from patients order by id;

-- a whole row
-- masks: p
select p.id, p from patients p order by p.id;

-- another schema
-- masks: ssn_copy
select id, ssn_copy from other.people order by id;

-- updating returns
-- masks: name
begin; update patients set sex = 'X' where id = 1 returning id, name, sex; rollback;

-- a class compared with is null
-- masks: has_mail
select id, email is not null as has_mail from patients order by id;

-- counting rows found by a class
select count(*) from patients where email is not null;

-- a class ordered by a key
-- masks: name
select name from patients order by id;

-- limit
-- masks: name
select id, name from patients order by id limit 1;

-- a cursor over a class
-- masks: name
begin; declare c cursor for select id, name from patients order by id; fetch 1 from c; fetch all from c; commit;

-- a prepared statement over a class
-- masks: name
prepare p (int) as select id, name from patients where id = $1; execute p (1);

-- a temporary table of what is plain in a table with classes
create temp table mail as select id, upper(sex) as sex from patients; select sex from mail order by id; drop table mail;
