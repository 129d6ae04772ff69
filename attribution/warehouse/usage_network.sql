-- The network of each address: /24 for IPv4, /48 for IPv6, from canonical text (at most one "::", which stands for two
-- groups or more). An address whose "::" begins before the third group has zeros there.
create or replace temp table usage_network as
with addresses as (
    select value, split_part(value, '::', 1) as head from (select distinct value from usage_ip)
),
groups as (
    select
        value,
        case when split_part(head, ':', 1) = '' then '0' else split_part(head, ':', 1) end as g1,
        case when split_part(head, ':', 2) = '' then '0' else split_part(head, ':', 2) end as g2,
        case when split_part(head, ':', 3) = '' then '0' else split_part(head, ':', 3) end as g3
    from addresses
),
networks as (
    select
        value,
        case
            when value not like '%:%' then
                split_part(value, '.', 1) || '.' || split_part(value, '.', 2) || '.' || split_part(value, '.', 3) || '.0/24'
            when g3 <> '0' then g1 || ':' || g2 || ':' || g3 || '::/48'
            when g2 <> '0' then g1 || ':' || g2 || '::/48'
            when g1 <> '0' then g1 || '::/48'
            else '::/48'
        end as network
    from groups
)
select u.account, n.network as value, cast(sum(u.events) as bigint) as events
from usage_ip as u
join networks as n on n.value = u.value
group by u.account, n.network;
