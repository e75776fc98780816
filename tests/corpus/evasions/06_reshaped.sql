-- What is made of a class and written where the class is known has the mask of a value as it is.

-- NULL in the place of a digit, in a table of one's own
create table reshaped (i int, d int, ssn text);
insert into reshaped select i, d, nullif(substr(ssn, i, 1), d::text)
  from patients p, generate_series(1, 11) i, generate_series(0, 9) d where p.id = 1;
select d from reshaped where ssn is null order by i;

-- the same by an update of many rows
create table reshaped_later (i int, d int, ssn text);
insert into reshaped_later select i, d from generate_series(1, 11) i, generate_series(0, 9) d;
update reshaped_later set ssn = nullif(substr(p.ssn, i, 1), d::text) from patients p where p.id = 1;
select d from reshaped_later where ssn is null order by i;

-- the same by a merge
create table reshaped_by_merge (i int, d int, ssn text);
merge into reshaped_by_merge using (select i, d, nullif(substr(ssn, i, 1), d::text) as x
    from patients p, generate_series(1, 11) i, generate_series(0, 9) d where p.id = 1) s on false
  when not matched then insert values (s.i, s.d, s.x);
select d from reshaped_by_merge where ssn is null order by i;

-- the same by a conflict's update, of what is proposed
create table reshaped_by_conflict (i int, d int, ssn text, primary key (i, d));
insert into reshaped_by_conflict select i, d, '' from generate_series(1, 11) i, generate_series(0, 9) d;
insert into reshaped_by_conflict select i, d, p.ssn from patients p, generate_series(1, 11) i, generate_series(0, 9) d
  where p.id = 1 on conflict (i, d) do update set ssn = nullif(substr(excluded.ssn, excluded.i, 1), excluded.d::text);
select d from reshaped_by_conflict where ssn is null order by i;

-- the same by a statement that is prepared
create table reshaped_prepared (i int, d int, ssn text);
prepare reshaping as insert into reshaped_prepared select i, d, nullif(substr(ssn, i, 1), d::text)
  from patients p, generate_series(1, 11) i, generate_series(0, 9) d where p.id = 1;
execute reshaping;
select d from reshaped_prepared where ssn is null order by i;

-- the same by a column's new type
create table reshaped_type (i int, d int, ssn text);
insert into reshaped_type select i, d, p.ssn from patients p, generate_series(1, 11) i, generate_series(0, 9) d where p.id = 1;
alter table reshaped_type alter column ssn type text using nullif(substr(ssn, i, 1), d::text);
select d from reshaped_type where ssn is null order by i;

-- the same in a WITH, and by a row
create table reshaped_with (i int, d int, ssn text);
with s as (select i, d, nullif(substr(ssn, i, 1), d::text) as x
    from patients p, generate_series(1, 11) i, generate_series(0, 9) d where p.id = 1),
  w as (insert into reshaped_with select * from s returning 1)
select count(*) from w;
update reshaped_with set (ssn, d) = (select case when substr(p.ssn, i, 1) = d::text then null else 'x' end, d from patients p where p.id = 1);
select d from reshaped_with where ssn is null order by i;
