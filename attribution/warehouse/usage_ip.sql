-- Which account used which ip, and how often.
create or replace temp table usage_ip as
select k.account, e.ip as value, cast(count(*) as bigint) as events
from events as e
join account_key as k on k.account_id = e.account_id
where e.ip is not null
group by k.account, e.ip;
