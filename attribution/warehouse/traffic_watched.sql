-- The members, and a sample of accounts outside all rings (chosen by the digest of the id, so that nothing else decides):
-- what the facts of a dossier are compared with.
create or replace temp table traffic_watched as
with everybody as (select distinct account_id from events),
outside as (select account_id from everybody anti join traffic_members using (account_id))
select account_id, true as member from everybody semi join traffic_members using (account_id)
union all
(select account_id, false from outside order by md5(account_id), account_id limit ?)
