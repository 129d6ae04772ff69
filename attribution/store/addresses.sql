-- Where each address that two or more accounts used comes from, as far as the logs or a lookup file tell.
with shared as (
    select ip
    from (
        select ip, account_id from events where ip is not null
        union all select value, account_id from edges where facet = 'ip'
    )
    group by ip having min(account_id) <> max(account_id)
)
select ips.ip, any_value(asn) as asn, any_value(as_org) as as_org, any_value(country) as country, any_value(kind) as kind
from ips semi join shared on ips.ip = shared.ip
where asn is not null or as_org is not null or country is not null or kind is not null
group by ips.ip
