-- Which account used which payment, and how often.
create or replace temp table usage_payment as
select account, payment as value, cast(count(*) as bigint) as events
from coded
where has_payment
group by account, payment;
