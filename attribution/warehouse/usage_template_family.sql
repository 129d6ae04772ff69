-- Templates by family; a template without a family is not part of the facet (it still is one of its own in `template`).
create or replace temp table usage_template_family as
select u.account, m.family as value, cast(sum(u.events) as bigint) as events
from usage_template as u
join template_family_map as m on key64(m.template) = u.value
group by u.account, m.family;
