-- Where the shared templates came from. Addresses seen once with a template are kept only up to the limit.
select e.ring, c.template_id, e.ip, count(*)::bigint as events, count(distinct e.account_id)::bigint as accounts
from traffic_sent e
join traffic_core c on c.ring = e.ring and c.template_id = e.template_id
where e.ip is not null
group by e.ring, c.template_id, e.ip
order by events desc, e.ring, c.template_id, e.ip
limit ?
