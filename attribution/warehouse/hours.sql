-- Events by account and hour (counted from the year 2000), and from it each account's own rhythm by hour of day.
create or replace temp table hours as
select account, slot // 6 as hour, cast(count(*) as bigint) as events
from coded
group by account, slot // 6;

create or replace temp table rhythm as
select account, hour % 24 as hour_of_day, cast(sum(events) as bigint) as events
from hours
group by account, hour % 24;

create or replace temp table lives as
select
    account,
    cast(sum(events) as bigint) as events,
    cast(max(hour) // 24 - min(hour) // 24 + 1 as bigint) as days,
    cast(count(distinct hour // 24) as bigint) as active_days
from hours
group by account;
