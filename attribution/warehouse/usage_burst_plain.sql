-- Bursts where no template is known: ten-minute slots alone, by the same rule as usage_burst.sql.
create or replace temp table usage_burst as
with slots as (
    select account, slot, cast(count(*) as bigint) as events from coded group by account, slot
)
select
    s.account, cast(s.slot as bigint) as value, s.events, s.slot, cast(null as bigint) as template
from slots as s
join lives as l on l.account = s.account
join rhythm as r on r.account = s.account and r.hour_of_day = (s.slot // 6) % 24
where 24 * (r.events - s.events) + (l.events - s.events) <= 144 * l.days;
