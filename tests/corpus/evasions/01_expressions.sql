-- Expressions: whatever is done to a value on the way keeps its class.

-- the bare column
select ssn from patients;

-- upper case
select upper(name), lower(email), initcap(name) from patients;

-- reversed
select reverse(ssn) from patients;

-- hexadecimal
select encode(convert_to(ssn, 'UTF8'), 'hex') from patients;

-- base64
select encode(name::bytea, 'base64') from patients;

-- escape format
select encode(convert_to(ssn, 'UTF8'), 'escape') from patients;

-- digits alone
select regexp_replace(ssn, '\D', '', 'g') from patients;

-- one character a column
select substr(ssn, 1, 1), substr(ssn, 2, 1), substr(ssn, 3, 1), substr(ssn, 5, 1), substr(ssn, 6, 1),
  substr(ssn, 8, 1), substr(ssn, 9, 1), substr(ssn, 10, 1), substr(ssn, 11, 1) from patients;

-- one character a row
select substr(ssn, n, 1) from patients, generate_series(1, 11) n where id = 1 order by n;

-- code points
select ascii(substr(ssn, n, 1)) from patients, generate_series(1, 11) n where id = 1 order by n;

-- separators between
select substr(ssn, 1, 3) || ' | ' || substr(ssn, 5, 2) || ' | ' || substr(ssn, 8) from patients;

-- rot13
select translate(lower(name), 'abcdefghijklmnopqrstuvwxyz', 'nopqrstuvwxyzabcdefghijklm') from patients;

-- as a number
select replace(ssn, '-', '')::int + 1 - 1 from patients;

-- to another base
select to_hex(number), to_bin(number), to_oct(number) from vault;

-- bits
select number::bit(32), get_bit(blob, 3), get_byte(blob, 3) from vault;

-- arithmetic that undoes itself
select (big * 2) / 2, -(-amount), number # 0, ~(~number), @ number, |/ (amount ^ 2) from vault;

-- concatenation
select 'x' || ssn, concat('x', name), concat_ws('-', mrn, zip), format('%s', phone) from patients;

-- quoting
select quote_literal(name), quote_ident(name), quote_nullable(ssn) from patients;

-- padding and trimming
select lpad(ssn, 20, '0'), rpad(ssn, 20), btrim(ssn, '9'), ltrim(name), rtrim(name) from patients;

-- splitting
select split_part(ssn, '-', 1), split_part(ssn, '-', 2), split_part(ssn, '-', 3) from patients;

-- splitting into rows
select string_to_table(ssn, '-'), regexp_split_to_table(name, ' ') from patients;

-- splitting into an array
select string_to_array(name, ' '), regexp_split_to_array(ssn, '-') from patients;

-- matches
select regexp_match(ssn, '(...)-(..)-(....)'), regexp_matches(name, '\w+', 'g') from patients;

-- substrings by pattern
select substring(ssn from '(\d+)'), substring(name similar '%#"Z%#"' escape '#'),
  regexp_substr(name, '\w+'), regexp_count(ssn, '9'), regexp_instr(ssn, '9') from patients;

-- length and position
select length(ssn), octet_length(name), bit_length(name), position('9' in ssn), strpos(ssn, '4') from patients;

-- overlay
select overlay(ssn placing '' from 1 for 0) from patients;

-- cast there and back
select ssn::varchar(30)::bpchar::text::name::text, cast(dob as text), dob::timestamp from patients;

-- extract from a date
select extract(year from dob), date_part('month', dob), extract(epoch from dob), to_char(dob, 'YYYYMMDD') from patients;

-- dates as differences
select dob - date '1900-01-01', age(dob), dob + 0, date_trunc('day', dob), justify_days(age(dob)) from patients;

-- make_date around
select make_date(extract(year from dob)::int, extract(month from dob)::int, extract(day from dob)::int) from patients;

-- case
select case when true then ssn else '' end, case id when 1 then name end from patients;

-- case whose condition tells
select id, case when ssn like '9%' then 'yes' else 'no' end from patients;

-- coalesce, nullif, greatest, least
select coalesce(ssn, ''), nullif(name, ''), greatest(ssn, ''), least(name, 'zzzz') from patients;

-- comparison as output
select ssn = reverse(reverse(ssn)), ssn > '9', name ~ '^Z', email ilike '%zq%', dob < '1940-01-01' from patients;

-- is distinct from, is null, in, between
select ssn is distinct from 'x', ssn is null, ssn in ('a', 'b'), ssn between '0' and '9' from patients;

-- any and all
select ssn = any (array['a']), ssn <> all (array['a', 'b']), array[ssn] @> array['a'] from patients;

-- boolean arithmetic
select (ssn > '5')::int, not (ssn > '5'), (ssn > '5') and true, (ssn > '5') is true from patients;

-- row comparison
select (ssn, 1) > ('5', 1), row(name) = row('x') from patients;

-- collation
select ssn collate "C", name collate "POSIX" || '' from patients;

-- subscripts
select tags[1], tags[1:1], (string_to_array(name, ' '))[1] from vault, patients where patients.id = vault.id;

-- JSON subscripts
select doc['word'], doc->'word', doc->>'word', doc#>'{deep,0,n}', doc#>>'{deep,0,n}' from vault;

-- fields of a composite
select (duo).word, (duo).code, (duo).* from vault;

-- a composite as text
select duo::text, row_to_json(duo), to_jsonb(duo) from vault;

-- unicode escapes in the query
select U&"\0073sn" from patients;

-- unicode strings in a call
select convert_from(convert_to(ssn, U&'UTF\0038'), 'UTF8') from patients;

-- a hash of what is easily guessed
select md5(ssn), sha256(ssn::bytea), encode(sha512(convert_to(ssn, 'UTF8')), 'hex') from patients;

-- checksums
select crc32(ssn::bytea), hashtext(ssn), hashtextextended(name, 0) from patients;

-- width_bucket and other binning
select width_bucket(number, 0, 900000000, 900000000), number / 1000, number % 1000, div(number, 7) from vault;

-- numeric functions
select trunc(amount), round(amount, 2), sqrt(amount), ln(amount), scale(amount), trim_scale(amount) from vault;

-- numbers as intervals and money
select make_interval(secs => number), number::money, to_timestamp(number), number * interval '1 second' from vault;

-- numbers as text
select to_char(number, '999999999'), number::text, cast(big as varchar), amount::float8 from vault;

-- numbers as ranges and networks
select int4range(number, number + 1), numrange(amount, null), '0.0.0.0'::inet + big from vault;

-- numbers as an oid or regtype
select number::oid, number::oid::regclass, number::oid::regproc from vault;

-- text as XML
select xmltext(ssn), xmlelement(name a, ssn), xmlforest(name, ssn), xmlconcat(xmlcomment(replace(ssn, '-', ''))) from patients;

-- XML with attributes and serialisation
select xmlserialize(content xmlelement(name p, xmlattributes(ssn as s)) as text), xmlpi(name p, ssn) from patients;

-- XML parse and path
select xpath('/a/text()', xmlparse(document '<a>' || ssn || '</a>')), xml_is_well_formed(ssn) from patients;

-- JSON constructors of SQL:2016
select json_object('s': ssn), json_array(name, ssn), json_scalar(ssn), json_serialize(json_object('a': name)) from patients;

-- JSON functions
select json_build_object('s', ssn), json_build_array(name), jsonb_build_object(ssn, 1), to_json(name), to_jsonb(ssn) from patients;

-- JSON objects from arrays
select json_object(array['a', ssn]), jsonb_object(array['a'], array[name]) from patients;

-- JSON query functions
select json_value(doc, '$.word'), json_query(doc, '$.deep'), json_exists(doc, '$.word') from vault;

-- JSON path
select jsonb_path_query(doc, '$.**'), jsonb_path_query_first(doc, '$.word'), jsonb_path_exists(doc, '$.word ? (@ starts with "v")') from vault;

-- JSON path with variables
select jsonb_path_query('{"a": 1}', '$v', jsonb_build_object('v', ssn)) from patients;

-- JSON keys and values as rows
select jsonb_object_keys(jsonb_build_object(ssn, 1)), jsonb_array_elements(jsonb_build_array(ssn)) from patients;

-- JSON edit
select jsonb_set('{}', '{a}', to_jsonb(ssn)), jsonb_insert('[]', '{0}', to_jsonb(name)), jsonb_pretty(doc), doc - 'x', doc || '{}' from vault, patients where patients.id = vault.id;

-- JSON aggregates of SQL:2016
select json_arrayagg(ssn), json_objectagg(id: name) from patients;

-- full text search
select to_tsvector('simple', name), to_tsquery('simple', 'x'), ts_headline('simple', name, 'x'::tsquery), words from patients, vault where patients.id = vault.id;

-- full text ranks and parts
select ts_rank(words, 'x'), strip(words), tsvector_to_array(words), ts_debug('simple', body), ts_parse('default', body) from vault;

-- text search as a lexeme
select ts_lexize('simple', name), plainto_tsquery('simple', name), numnode(plainto_tsquery('simple', name)) from patients;

-- generated columns
select body_upper, body_length, words from vault;

-- the sum of the parts
select get_byte(name::bytea, 0) + get_byte(name::bytea, 1) * 256 from patients;

-- set-returning functions in the select list
select generate_series(number, number + 1), unnest(tags), unnest(array[ssn]) from vault, patients where patients.id = vault.id;

-- generate_subscripts and repeat as unary numbers
select repeat('x', ascii(substr(ssn, 1, 1))), generate_series(1, ascii(substr(ssn, 1, 1)) - 48) from patients where id = 1;

-- the division's remainder a column
select (number / 100000000) % 10, (number / 10000000) % 10, (number / 1000000) % 10 from vault;

-- parameters beside classes
select ssn || $1 from patients where id = $2 \bind x 1

-- typed as unknown by a parameter
select coalesce($1, ssn) from patients where id = $2 \bind x 1

-- operators by name
select ssn operator(pg_catalog.||) '', number operator(pg_catalog.+) 0 from patients, vault where patients.id = vault.id;

-- casts as functions
select text(name), bpchar(ssn), int8(number), numeric(amount, 2), date(dob) from patients, vault where patients.id = vault.id;

-- a field as a call, a call as a field
select (patients).name, name(patients), ssn(patients), (ssn::text).length from patients;

-- format with a width from a value
select format('%*s', ascii(substr(ssn, 1, 1)), 'x') from patients;

-- statistics of one value
select stddev_pop(number), variance(number), avg(number), sum(big), bit_and(number), bit_or(number), bit_xor(number) from vault where id = 1;

-- grouping
select grouping(ssn), ssn, count(*) from patients group by cube (ssn);
