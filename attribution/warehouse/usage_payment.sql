-- Which account used which payment, and how often.
create or replace temp table usage_payment as
select k.account, e.payment_id as value, cast(count(*) as bigint) as events
from events as e
join account_key as k on k.account_id = e.account_id
where e.payment_id is not null
group by k.account, e.payment_id;
