-- The names of the bursts: when, and with which template.
create or replace temp table facet_name as
select
    b.value,
    cast(timestamp '2000-01-01 00:00:00' + b.slot * interval '10 minutes' as varchar) || coalesce(' ' || t.name, '') as name,
    cast(timestamp '2000-01-01 00:00:00' + b.slot * interval '10 minutes' as varchar) || coalesce(' ' || t.name, '') as other
from (
    select value, min(slot) as slot, min(template) as template
    from usage_burst
    group by value
    having count(*) > 1
) as b
left join template_name as t on t.value = b.template;
