-- The names of the payments that two accounts or more used; two names of one key are a collision of hashes.
create or replace temp table facet_name as
select key64(payment_id) as value, min(payment_id) as name, max(payment_id) as other
from events
where payment_id is not null and key64(payment_id) in (select value from facet_usage group by value having count(*) > 1)
group by key64(payment_id);
