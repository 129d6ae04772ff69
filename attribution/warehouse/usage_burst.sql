-- Bursts: a ten-minute slot (with a shared template, where templates are known) in which the account was active although
-- its own rhythm did not promise it. Expected events of the slot = mean of the account's profile at that hour of day and
-- of its flat rate, the burst itself left out, over the days between its first and last event; at most one half passes:
-- ((r - n) + (e - n) / 24) / 2 / (6 days) <= 1/2. A nightly job promises itself, and so is no burst.
create or replace temp table usage_burst as
with slots as (
    select c.account, c.template, t.number, c.slot, cast(count(*) as bigint) as events
    from coded as c
    join template_name as t on t.value = c.template
    where c.has_template
    group by c.account, c.template, t.number, c.slot
)
select
    s.account, cast(s.number as bigint) * 100000000 + s.slot as value, s.events, s.slot, s.template
from slots as s
join lives as l on l.account = s.account
join rhythm as r on r.account = s.account and r.hour_of_day = (s.slot // 6) % 24
where 24 * (r.events - s.events) + (l.events - s.events) <= 144 * l.days;
