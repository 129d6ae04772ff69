-- Events of each ring by day (UTC), for the report's timeline.
select r.ring_id, cast(date_trunc('day', e.ts) as date) as day, cast(count(*) as bigint) as events
from events e join ring_members r on e.account_id = r.account_id
group by 1, 2
order by 1, 2
