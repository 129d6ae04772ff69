-- Who sent which shared template to which model through which pathway, and how much of it.
select e.account_id, c.template_id, e.model, e.pathway,
    count(*)::bigint as events,
    sum(e.input_tokens)::bigint as input_tokens,
    sum(e.output_tokens)::bigint as output_tokens,
    sum(e.refused::integer)::bigint as refused,
    min(e.ts) as first_seen, max(e.ts) as last_seen
from traffic_sent e
left join traffic_core c on c.ring = e.ring and c.template_id = e.template_id
group by e.account_id, c.template_id, e.model, e.pathway
order by e.account_id, c.template_id nulls first, e.model nulls first, e.pathway nulls first
