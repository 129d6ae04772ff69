-- Issuer batch: instruments of one BIN and kind that were first used in the same week, as when cards are bought together.
create or replace temp table usage_batch as
with first_use as (
    select payment_id, cast(date_trunc('week', min(ts)) as date) as week
    from events
    where payment_id is not null
    group by payment_id
),
instruments as (
    select payment_id, min(bin) as bin, min(kind) as kind from payments where bin is not null group by payment_id
),
batches as (
    select f.payment_id, i.bin || ' ' || coalesce(i.kind, 'unknown') || ' ' || cast(f.week as varchar) as batch
    from first_use as f
    join instruments as i on i.payment_id = f.payment_id
)
select u.account, b.batch as value, cast(sum(u.events) as bigint) as events
from usage_payment as u
join batches as b on b.payment_id = u.value
group by u.account, b.batch;
