-- Who the watched accounts say they are.
select w.account_id, w.member, a.email_domain, a.org, a.country
from traffic_watched w
left join (
    select account_id, min(email_domain) as email_domain, min(org) as org, min(country) as country
    from accounts group by account_id
) a using (account_id)
order by w.account_id
