-- Usage edges of shared values: which account used a value that another account used too, how often, first and last.
-- A facet at a time, so that fewer and shorter keys are hashed.
with counted as materialized (
    select 'ip' as facet, ip as value, account_id, count(*)::bigint as events, min(ts) as first_seen, max(ts) as last_seen
    from events where ip is not null group by ip, account_id
    union all select 'device', device_id, account_id, count(*)::bigint, min(ts), max(ts)
    from events where device_id is not null group by device_id, account_id
    union all select 'payment', payment_id, account_id, count(*)::bigint, min(ts), max(ts)
    from events where payment_id is not null group by payment_id, account_id
    union all select 'template', template_id, account_id, count(*)::bigint, min(ts), max(ts)
    from events where template_id is not null group by template_id, account_id
    union all select facet, value, account_id, events, first_seen, last_seen from edges
),
shared as (select facet, value from counted group by facet, value having count(*) >= 2)
select facet, value, account_id, events, first_seen, last_seen from counted semi join shared using (facet, value)
