-- As traffic_core.sql, from usage edges.
create or replace temp table traffic_core as
select m.ring, e.value as template_id, count(*) as accounts
from edges e join traffic_members m using (account_id)
where e.facet = 'template'
group by m.ring, e.value
having count(*) >= 2
