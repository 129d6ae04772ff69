-- One facet's matrix: values used by two accounts or more, numbered in the order of their names (bytewise).
create or replace temp table facet_value as
select u.value, n.name, cast(row_number() over (order by n.name) - 1 as integer) as number
from (select value from facet_usage group by value having count(*) > 1) as u
join facet_name as n on n.value = u.value;

create or replace temp table facet_entry as
select u.account, v.number, cast(least(u.events, 2147483647) as integer) as events
from facet_usage as u
join facet_value as v on v.value = u.value;
