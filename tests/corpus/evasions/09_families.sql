-- Relations that have a class from a parent or a child, which goes. They leave relatives behind for
-- which a CASCADE is refused, so they come last.

-- a parent that gives its column up leaves it to its children, with their rows
create table kid_book () inherits (ward_book);
insert into kid_book select * from ward_book;
alter table only ward_book drop column secret;
select secret from kid_book;

-- the same of a child that has the column by itself
create table kid_shelf (secret text) inherits (ward_shelf);
insert into kid_shelf (secret) select secret from ward_shelf;
alter table ward_shelf drop column secret;
select secret from kid_shelf;

-- the same before anybody has seen that there is a child
begin;
create table kid_case () inherits (ward_case);
insert into kid_case select * from ward_case;
alter table only ward_case drop column secret;
commit;
select secret from kid_case;

-- a child from which a parent and its other children have the class, dropped
create table kin (id int, secret text);
alter table ward_page inherit kin;
create table kid_page () inherits (kin);
insert into kid_page select * from ward_page;
drop table ward_page;
select secret from kid_page;

-- the same by its schema
create table kin_of_wing (id int, secret text);
alter table wing.page inherit kin_of_wing;
create table kid_of_wing () inherits (kin_of_wing);
insert into kid_of_wing select * from wing.page;
drop schema wing cascade;
select secret from kid_of_wing;

-- the same by another parent that takes the child along
create table kin_of_leaf (id int, secret text); create table root (id int, secret text);
alter table ward_leaf inherit kin_of_leaf; alter table ward_leaf inherit root;
create table kid_leaf () inherits (kin_of_leaf);
insert into kid_leaf select * from ward_leaf;
drop table root cascade;
select secret from kid_leaf;
