-- Facets whose values are few enough to be carried by name.
create or replace temp table facet_name as
select value, value as name, value as other from facet_usage group by value having count(*) > 1;
