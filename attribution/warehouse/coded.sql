-- The events as numbers: one pass over the strings, everything after it groups integers.
-- A slot is ten minutes, counted from the year 2000 (UTC).
create or replace temp table coded as
select
    k.account,
    key64(e.ip) as ip,
    key64(e.device_id) as device,
    key64(e.payment_id) as payment,
    key64(e.template_id) as template,
    e.ip is not null as has_ip,
    e.device_id is not null as has_device,
    e.payment_id is not null as has_payment,
    e.template_id is not null as has_template,
    cast(date_diff('minute', timestamp '2000-01-01 00:00:00', e.ts) // 10 as integer) as slot
from events as e
join account_key as k on k.key = key64(e.account_id);
