-- Every payment instrument of the watched accounts, with what is known of it.
select u.account_id, u.payment_id, p.bin, p.issuer_country, u.events
from (
    select e.account_id, e.payment_id, count(*)::bigint as events
    from events e join traffic_watched using (account_id)
    where e.payment_id is not null
    group by e.account_id, e.payment_id
) u
left join (
    select payment_id, min(bin) as bin, min(issuer_country) as issuer_country from payments group by payment_id
) p using (payment_id)
order by u.account_id, u.payment_id
