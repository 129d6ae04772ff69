-- The calendar of each shared template of a ring, by model.
select m.ring, c.template_id, e.model, e.ts::date as day,
    count(*)::bigint as events, count(distinct e.account_id)::bigint as accounts
from events e
join traffic_members m using (account_id)
left join traffic_core c on c.ring = m.ring and c.template_id = e.template_id
group by m.ring, c.template_id, e.model, e.ts::date
order by m.ring, c.template_id nulls first, e.model nulls first, day
