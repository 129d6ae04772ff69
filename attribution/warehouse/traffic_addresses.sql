-- Every address of the watched accounts, with what is known of it.
select u.account_id, u.ip, i.asn, i.country, i.kind, u.events
from (
    select e.account_id, e.ip, count(*)::bigint as events
    from events e join traffic_watched using (account_id)
    where e.ip is not null
    group by e.account_id, e.ip
) u
left join (select ip, min(asn) as asn, min(country) as country, min(kind) as kind from ips group by ip) i using (ip)
order by u.account_id, u.ip
