-- Issuer batch: instruments of one BIN and kind that were first used in the same week, as when cards are bought together.
create or replace temp table usage_batch as
with first_use as (
    select payment, min(slot) // 1008 as week from coded where has_payment group by payment
),
instruments as (
    select key64(payment_id) as payment, min(bin) as bin, min(kind) as kind
    from payments
    where bin is not null
    group by key64(payment_id)
),
batches as (
    select
        f.payment,
        i.bin || ' ' || coalesce(i.kind, 'unknown') || ' first used '
        || cast(cast(timestamp '2000-01-01 00:00:00' + f.week * interval '7 days' as date) as varchar) as batch
    from first_use as f
    join instruments as i on i.payment = f.payment
)
select u.account, b.batch as value, cast(sum(u.events) as bigint) as events
from usage_payment as u
join batches as b on b.payment = u.value
group by u.account, b.batch;
