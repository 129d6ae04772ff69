-- Which account used which template, and how often.
create or replace temp table usage_template as
select account, template as value, cast(count(*) as bigint) as events
from coded
where has_template
group by account, template;
