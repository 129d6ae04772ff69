-- The names of the devices that two accounts or more used; two names of one key are a collision of hashes.
create or replace temp table facet_name as
select key64(value) as value, min(value) as name, max(value) as other
from seen_device
where key64(value) in (select value from facet_usage group by value having count(*) > 1)
group by key64(value);
