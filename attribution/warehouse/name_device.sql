-- The names of the devices that two accounts or more used; two names of one key are a collision of hashes.
create or replace temp table facet_name as
select key64(device_id) as value, min(device_id) as name, max(device_id) as other
from events
where device_id is not null and key64(device_id) in (select value from facet_usage group by value having count(*) > 1)
group by key64(device_id);
