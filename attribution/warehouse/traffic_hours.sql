-- The week of each shared template of a ring: weekday 1 is Monday, hours are UTC.
select e.ring, c.template_id, isodow(e.ts)::integer as weekday, hour(e.ts)::integer as hour, count(*)::bigint as events
from traffic_sent e
left join traffic_core c on c.ring = e.ring and c.template_id = e.template_id
group by e.ring, c.template_id, weekday, hour
order by e.ring, c.template_id nulls first, weekday, hour
