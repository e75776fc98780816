-- Tables that nobody has listed, where that is masked.

-- star
select * from intake.arrivals;

-- whole row, as text and JSON
select a, a::text, to_jsonb(a), row(a.*) from intake.arrivals a;

-- expressions
select upper(who), reverse(who), badge * 2, seen + 1, doc ->> 'word', md5(who), ascii(who) from intake.arrivals;

-- a generated column
select id, loud, length(loud) from intake.arrivals;

-- a view and a materialised view
select v.department, v.next, m.words from v_arrivals v join m_arrivals m using (id);

-- through a function
select id, arrival(id) from intake.arrivals;

-- aggregates and windows
select max(who), string_agg(who, ','), sum(badge), first_value(seen) over (order by id) from intake.arrivals group by id, seen;

-- a union with what is plain
select department from visits union all select who from intake.arrivals;

-- a table that looks like a plain one
set search_path = intake, public; select who from loose; select * from arrivals; reset search_path;

-- renamed on the way
with open (id, department) as (select id, who from intake.loose) select department, open from open;

-- a join's merged column
select who from intake.loose join intake.arrivals using (id, who);

-- which rows come
select id from intake.arrivals where who like 'a%' or badge > 5 order by seen;

-- a cast that fails
select who::int, doc::text::date from intake.arrivals;

-- COPY
copy intake.arrivals to stdout; copy (select who, badge from intake.arrivals) to stdout (format csv);

-- COPY in binary
copy intake.arrivals (who, doc) to stdout (format binary);

-- prepared, with a parameter
select who, $1::text from intake.arrivals where id = $2::int \bind x 1
