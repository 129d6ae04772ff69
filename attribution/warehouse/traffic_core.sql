-- The templates that at least two members of a ring used: candidates for a campaign. Everything else is a one-off.
create or replace temp table traffic_core as
select m.ring, e.template_id, count(distinct e.account_id) as accounts
from events e join traffic_members m using (account_id)
where e.template_id is not null
group by m.ring, e.template_id
having count(distinct e.account_id) >= 2
