-- The week of each shared template of a ring: weekday 1 is Monday, hours are UTC.
select m.ring, c.template_id, isodow(e.ts)::integer as weekday, hour(e.ts)::integer as hour, count(*)::bigint as events
from events e
join traffic_members m using (account_id)
left join traffic_core c on c.ring = m.ring and c.template_id = e.template_id
group by m.ring, c.template_id, weekday, hour
order by m.ring, c.template_id nulls first, weekday, hour
