-- The network of each address: /24 for IPv4, /48 for IPv6, from canonical text (at most one "::", which stands for two
-- groups or more). An address whose "::" begins before the third group has zeros there.
create or replace temp table address as
with addresses as (
    select key64(value) as value, min(value) as name, max(value) as other from seen_ip group by key64(value)
),
parts as (
    select
        value, name, other,
        case when split_part(split_part(name, '::', 1), ':', 1) = '' then '0' else split_part(split_part(name, '::', 1), ':', 1) end as g1,
        case when split_part(split_part(name, '::', 1), ':', 2) = '' then '0' else split_part(split_part(name, '::', 1), ':', 2) end as g2,
        case when split_part(split_part(name, '::', 1), ':', 3) = '' then '0' else split_part(split_part(name, '::', 1), ':', 3) end as g3
    from addresses
),
networks as (
    select
        value, name, other,
        case
            when name not like '%:%' then
                split_part(name, '.', 1) || '.' || split_part(name, '.', 2) || '.' || split_part(name, '.', 3) || '.0/24'
            when g3 <> '0' then g1 || ':' || g2 || ':' || g3 || '::/48'
            when g2 <> '0' then g1 || ':' || g2 || '::/48'
            when g1 <> '0' then g1 || '::/48'
            else '::/48'
        end as name_of_network
    from parts
)
select value, name, other, name_of_network, key64(name_of_network) as network from networks;

create or replace temp table usage_network as
select u.account, a.network as value, cast(sum(u.events) as bigint) as events
from usage_ip as u
join address as a on a.value = u.value
group by u.account, a.network;
