-- Which account used which ip, and how often.
create or replace temp table usage_ip as
select account, ip as value, cast(count(*) as bigint) as events
from coded
where has_ip
group by account, ip;
