-- Every device of the watched accounts.
select e.account_id, e.device_id, count(*)::bigint as events
from events e join traffic_watched using (account_id)
where e.device_id is not null
group by e.account_id, e.device_id
order by e.account_id, e.device_id
