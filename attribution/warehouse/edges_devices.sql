-- As traffic_devices.sql, from usage edges.
select account_id, value as device_id, events
from edges semi join traffic_watched using (account_id)
where facet = 'device'
order by account_id, value
