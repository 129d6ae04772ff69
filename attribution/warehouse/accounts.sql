-- Everybody who is seen, numbered in the order of their ids (bytewise). All later tables carry the number.
-- key64 is a 64-bit hash for grouping and joining inside one run; it is never kept, and collisions are looked for.
create or replace temp table account_key as
select account_id, key64(account_id) as key, cast(row_number() over (order by account_id) - 1 as integer) as account
from (select distinct account_id from seen_account);
