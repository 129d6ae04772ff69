-- The names of the addresses.
create or replace temp table facet_name as
select value, name, other from address;
