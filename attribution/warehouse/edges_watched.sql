-- As traffic_watched.sql, from usage edges.
create or replace temp table traffic_watched as
with everybody as (select distinct account_id from edges),
outside as (select account_id from everybody anti join traffic_members using (account_id))
select account_id, true as member from everybody semi join traffic_members using (account_id)
union all
(select account_id, false from outside order by md5(account_id), account_id limit ?)
