-- Each account's own rhythm: events by hour of day (UTC), and how long and on how many days it was active.
create or replace temp table rhythm as
select account, (slot // 6) % 24 as hour_of_day, cast(count(*) as bigint) as events
from coded
group by account, (slot // 6) % 24;

create or replace temp table lives as
select
    account,
    cast(sum(events) as bigint) as events,
    cast(max(day) - min(day) + 1 as bigint) as days,
    cast(count(*) as bigint) as active_days
from (select account, slot // 144 as day, count(*) as events from coded group by account, slot // 144)
group by account;
