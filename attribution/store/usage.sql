-- Usage edges of shared values: which account used a value that another account used too, how often, first and last.
with used as (
    select 'ip' as facet, ip as value, account_id, ts from events where ip is not null
    union all select 'device', device_id, account_id, ts from events where device_id is not null
    union all select 'payment', payment_id, account_id, ts from events where payment_id is not null
    union all select 'template', template_id, account_id, ts from events where template_id is not null
),
counted as (
    select facet, value, account_id, count(*)::bigint as events, min(ts) as first_seen, max(ts) as last_seen
    from used group by facet, value, account_id
    union all select facet, value, account_id, events, first_seen, last_seen from edges
)
select facet, value, account_id, events, first_seen, last_seen from counted
qualify count(*) over (partition by facet, value) >= 2
