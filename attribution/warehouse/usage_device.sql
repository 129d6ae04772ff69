-- Which account used which device, and how often.
create or replace temp table usage_device as
select account, device as value, cast(count(*) as bigint) as events
from coded
where has_device
group by account, device;
