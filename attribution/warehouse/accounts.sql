-- Everybody who sent something, numbered in the order of their ids (bytewise). All later tables carry the number.
create or replace temp table account_key as
select account_id, cast(row_number() over (order by account_id) - 1 as integer) as account
from (select distinct account_id from events);
