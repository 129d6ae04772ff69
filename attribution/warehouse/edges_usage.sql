-- What usage edges say by themselves: who used what. Of an account they tell when it was first and last seen, and that it
-- sent at least as much as with the values of one kind together; not on which days, at which hours, nor how long it was.
create or replace temp macro used_as(kind) as table
select k.account, key64(e.value) as value, e.events
from edges as e
join account_key as k on k.key = key64(e.account_id)
where e.facet = kind;
create or replace temp table usage_ip as from used_as('ip');
create or replace temp table usage_device as from used_as('device');
create or replace temp table usage_payment as from used_as('payment');
create or replace temp table usage_template as from used_as('template');
create or replace temp table rhythm (account integer, hour_of_day integer, events bigint);
create or replace temp table lives as
select account, cast(null as bigint) as events, cast(null as bigint) as days, cast(null as bigint) as active_days
from account_key;
create or replace temp table totals as
select
    key64(account_id) as key,
    max(events) as events,
    min(first_seen) as first_seen,
    max(last_seen) as last_seen,
    cast(null as double) as input_tokens,
    cast(null as double) as output_tokens,
    cast(null as double) as refused
from (
    select
        account_id, cast(sum(events) as bigint) as events, min(first_seen) as first_seen, max(last_seen) as last_seen
    from edges
    group by account_id, facet
)
group by key64(account_id);
