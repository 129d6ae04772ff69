-- Sign-up burst: accounts made in the same hour, with the same mail domain, through the same pathway.
create or replace temp table usage_signup as
select
    k.account,
    cast(date_trunc('hour', min(a.created_at)) as varchar)
    || ' ' || coalesce(min(a.email_domain), 'unknown') || ' ' || coalesce(min(a.pathway), 'unknown') as value,
    cast(1 as bigint) as events
from accounts as a
join account_key as k on k.account_id = a.account_id
where a.created_at is not null
group by k.account;
