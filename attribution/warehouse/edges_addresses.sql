-- As traffic_addresses.sql, from usage edges.
select u.account_id, u.value as ip, i.asn, i.country, i.kind, u.events
from (select account_id, value, events from edges semi join traffic_watched using (account_id) where facet = 'ip') u
left join (select ip, min(asn) as asn, min(country) as country, min(kind) as kind from ips group by ip) i
    on i.ip = u.value
order by u.account_id, u.value
