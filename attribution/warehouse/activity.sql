-- One row an account: what it did, and what is known of it. Only integers are summed, so threads cannot change the result.
create or replace temp table activity as
with people as (
    select
        account_id, min(created_at) as created_at, min(email_domain) as email_domain, min(org) as org,
        min(country) as country, min(pathway) as pathway, min(verified) as verified
    from accounts
    group by account_id
),
pathways as (
    select account, pathway
    from (
        select account, pathway, row_number() over (partition by account order by events desc, pathway) as place
        from (
            select k.account, e.pathway, count(*) as events
            from events as e
            join account_key as k on k.key = key64(e.account_id)
            where e.pathway is not null
            group by k.account, e.pathway
        )
    )
    where place = 1
),
kinds as (
    select key64(ip) as ip, min(kind) as kind from ips where kind is not null and kind <> 'unknown' group by key64(ip)
),
egress as (
    select
        u.account,
        cast(sum(u.events) as bigint) as known,
        cast(sum(case when k.kind in ('residential', 'mobile') then u.events else 0 end) as bigint) as residential,
        cast(sum(case when k.kind = 'mobile' then u.events else 0 end) as bigint) as mobile,
        cast(sum(case when k.kind in ('business', 'education') then u.events else 0 end) as bigint) as business,
        cast(sum(case when k.kind in ('hosting', 'vpn', 'proxy') then u.events else 0 end) as bigint) as datacentre
    from usage_ip as u
    join kinds as k on k.ip = u.value
    group by u.account
),
instruments as (select key64(payment_id) as payment, min(kind) as kind from payments group by key64(payment_id)),
main_payment as (
    select account, kind
    from (
        select u.account, i.kind, row_number() over (partition by u.account order by u.events desc, i.kind) as place
        from usage_payment as u
        left join instruments as i on i.payment = u.value
    )
    where place = 1
),
n_ip as (select account, cast(count(*) as bigint) as n from usage_ip group by account),
n_network as (
    select account, cast(count(*) as bigint) as n, cast(sum(events) as bigint) as events from usage_network group by account
),
n_device as (select account, cast(count(*) as bigint) as n from usage_device group by account),
n_payment as (select account, cast(count(*) as bigint) as n from usage_payment group by account),
n_template as (select account, cast(count(*) as bigint) as n from usage_template group by account)
select
    k.account, t.events, t.first_seen, t.last_seen, l.active_days, t.input_tokens, t.output_tokens, t.refused,
    p.created_at, p.email_domain, p.org, p.country, coalesce(p.pathway, w.pathway) as pathway, p.verified,
    coalesce(n_ip.n, 0) as ips,
    coalesce(n_network.n, 0) as networks,
    coalesce(n_network.events, 0) as located,
    coalesce(n_device.n, 0) as devices,
    coalesce(n_payment.n, 0) as payments,
    coalesce(n_template.n, 0) as templates,
    cast(g.residential as double) / g.known as residential,
    cast(g.mobile as double) / g.known as mobile,
    cast(g.business as double) / g.known as business,
    cast(g.datacentre as double) / g.known as datacentre,
    m.kind as payment_kind
from totals as t
join account_key as k on k.key = t.key
join lives as l on l.account = k.account
left join people as p on p.account_id = k.account_id
left join pathways as w on w.account = k.account
left join egress as g on g.account = k.account
left join main_payment as m on m.account = k.account
left join n_ip on n_ip.account = k.account
left join n_network on n_network.account = k.account
left join n_device on n_device.account = k.account
left join n_payment on n_payment.account = k.account
left join n_template on n_template.account = k.account;
