-- Events by account and ten-minute slot, and by account and hour of day: the account's own rhythm.
create or replace temp table slots as
select
    k.account,
    e.template_id as template,
    date_trunc('hour', e.ts) as hour,
    cast(extract('minute' from e.ts) as integer) // 10 as tenth,
    cast(count(*) as bigint) as events
from events as e
join account_key as k on k.account_id = e.account_id
group by k.account, e.template_id, date_trunc('hour', e.ts), cast(extract('minute' from e.ts) as integer) // 10;

create or replace temp table rhythm as
select account, cast(extract('hour' from hour) as integer) as hour_of_day, cast(sum(events) as bigint) as events
from slots
group by account, cast(extract('hour' from hour) as integer);
