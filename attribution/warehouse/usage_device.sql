-- Which account used which device, and how often.
create or replace temp table usage_device as
select k.account, e.device_id as value, cast(count(*) as bigint) as events
from events as e
join account_key as k on k.account_id = e.account_id
where e.device_id is not null
group by k.account, e.device_id;
