-- Where the shared templates came from. Addresses seen once with a template are kept only up to the limit.
select m.ring, c.template_id, e.ip, count(*)::bigint as events, count(distinct e.account_id)::bigint as accounts
from events e
join traffic_members m using (account_id)
join traffic_core c on c.ring = m.ring and c.template_id = e.template_id
where e.ip is not null
group by m.ring, c.template_id, e.ip
order by events desc, m.ring, c.template_id, e.ip
limit ?
