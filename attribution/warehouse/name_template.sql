-- The names of the templates that two accounts or more used; two names of one key are a collision of hashes.
create or replace temp table facet_name as
select key64(template_id) as value, min(template_id) as name, max(template_id) as other
from events
where template_id is not null and key64(template_id) in (select value from facet_usage group by value having count(*) > 1)
group by key64(template_id);
