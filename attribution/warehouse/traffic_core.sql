-- The templates that at least two members of a ring used: candidates for a campaign. Everything else is a one-off.
create or replace temp table traffic_core as
select ring, template_id, count(distinct account_id) as accounts
from traffic_sent
where template_id is not null
group by ring, template_id
having count(distinct account_id) >= 2
