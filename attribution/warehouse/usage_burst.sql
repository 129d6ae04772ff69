-- Bursts: a ten-minute slot (with the template, where templates are known) in which the account was active although its
-- own rhythm did not promise it. Expected events of the slot = mean of the account's profile at that hour of day and of
-- its flat rate, the slot itself left out, over the days between its first and last event. A nightly job expects itself.
create or replace temp table usage_burst as
with activity_slots as (
    select account, hour, tenth, cast(sum(events) as bigint) as events from slots group by account, hour, tenth
),
lives as (
    select account, cast(sum(events) as bigint) as events, cast(date_diff('day', min(hour), max(hour)) as bigint) + 1 as days
    from slots
    group by account
),
surprising as (
    select s.account, s.hour, s.tenth
    from activity_slots as s
    join lives as l on l.account = s.account
    join rhythm as r on r.account = s.account and r.hour_of_day = cast(extract('hour' from s.hour) as integer)
    where 24 * (r.events - s.events) + (l.events - s.events) <= 144 * l.days
)
select
    s.account,
    cast(s.hour as varchar) || '+' || cast(10 * s.tenth as varchar) || 'min' || coalesce(' ' || s.template, '') as value,
    cast(sum(s.events) as bigint) as events
from slots as s
join surprising as p on p.account = s.account and p.hour = s.hour and p.tenth = s.tenth
where s.template is not null or $without_template
group by s.account, s.hour, s.tenth, s.template;
