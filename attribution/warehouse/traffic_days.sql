-- The calendar of each shared template of a ring, by model.
select e.ring, c.template_id, e.model, e.ts::date as day,
    count(*)::bigint as events, count(distinct e.account_id)::bigint as accounts
from traffic_sent e
left join traffic_core c on c.ring = e.ring and c.template_id = e.template_id
group by e.ring, c.template_id, e.model, e.ts::date
order by e.ring, c.template_id nulls first, e.model nulls first, day
