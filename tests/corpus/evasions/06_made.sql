-- What a definition works out of a class is no column as it is stored, though it has a name.

-- digits that a view has not, told by NULL and kept by its own numbers
create view lacks as select i, d, nullif(substr(ssn, i, 1), d::text) as x
  from patients, generate_series(1, 11) i, generate_series(0, 9) d where patients.id = 1;
select d from lacks where x is null order by i;

-- the same by a truth value
create view hits as select i, d, substr(ssn, i, 1) = d::text as hit
  from patients, generate_series(1, 11) i, generate_series(0, 9) d where patients.id = 1;
select d from hits where hit order by i;
select d from hits where hit is true and i between 1 and 11 order by i;

-- the same of a materialised view, and of a view of it
create materialized view hits_kept as select i, d, substr(ssn, i, 1) = d::text as hit
  from patients, generate_series(1, 11) i, generate_series(0, 9) d where patients.id = 1;
select d from hits_kept where hit order by i;
create view hits_again as select i as place, d as digit, hit as so from hits_kept;
select digit from hits_again where so order by place;

-- the same of a generated column beside stored numbers
create table lacking (i int, d int, mrn text, x text generated always as (nullif(substr(mrn, i, 1), d::text)) stored);
insert into lacking select i, d, mrn from patients p, generate_series(5, 12) i, generate_series(0, 9) d where p.id = 1;
select x is null, count(*) from lacking group by 1;

-- what is NULL of a view's expression
select string_agg(d::text, '' order by i) from (select i, d, nullif(substr(ssn, i, 1), d::text) as x
  from patients, generate_series(1, 11) i, generate_series(0, 9) d where patients.id = 1) t where x is null;
