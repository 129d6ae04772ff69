-- As traffic_exchanges.sql, from usage edges: models, pathways and sizes are unknown. What an account sent without a shared
-- template is what remains of its requests, as far as they are known (the most that it sent with one kind of value).
with own as (
    select account_id, facet, sum(events)::bigint as events, min(first_seen) as first_seen, max(last_seen) as last_seen
    from edges semi join traffic_members using (account_id)
    group by account_id, facet
),
people as (
    select account_id, max(events) as events, min(first_seen) as first_seen, max(last_seen) as last_seen
    from own group by account_id
),
sent as (
    select e.account_id, e.value as template_id, e.events, e.first_seen, e.last_seen
    from edges e
    join traffic_members m using (account_id)
    join traffic_core c on c.ring = m.ring and c.template_id = e.value
    where e.facet = 'template'
),
rest as (
    select p.account_id, null as template_id, (p.events - coalesce(s.events, 0))::bigint as events,
        p.first_seen, p.last_seen
    from people p
    left join (select account_id, sum(events)::bigint as events from sent group by account_id) s using (account_id)
    where p.events > coalesce(s.events, 0)
)
select account_id, template_id, null::varchar as model, null::varchar as pathway, events,
    null::bigint as input_tokens, null::bigint as output_tokens, null::bigint as refused, first_seen, last_seen
from (from sent union all from rest)
order by account_id, template_id nulls first
