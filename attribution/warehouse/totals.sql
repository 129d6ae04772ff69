-- What each account sent in all. Only integers are summed, so threads cannot change the result.
create or replace temp table totals as
select
    key64(account_id) as key,
    cast(count(*) as bigint) as events,
    min(ts) as first_seen,
    max(ts) as last_seen,
    cast(sum(input_tokens) as double) / nullif(count(input_tokens), 0) as input_tokens,
    cast(sum(output_tokens) as double) / nullif(count(output_tokens), 0) as output_tokens,
    cast(sum(case when refused then 1 else 0 end) as double) / nullif(count(refused), 0) as refused
from events
group by key64(account_id);
