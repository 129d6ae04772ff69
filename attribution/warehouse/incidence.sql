-- One facet's matrix: values used by two accounts or more, numbered in the order of their names (bytewise).
create or replace temp table facet_value as
select value, cast(row_number() over (order by value) - 1 as integer) as number, accounts
from (select value, cast(count(*) as bigint) as accounts from facet_usage group by value)
where accounts > 1;

create or replace temp table facet_entry as
select u.account, v.number, cast(least(u.events, 2147483647) as integer) as events
from facet_usage as u
join facet_value as v on v.value = u.value;
