-- Which account used which template, and how often.
create or replace temp table usage_template as
select k.account, e.template_id as value, cast(count(*) as bigint) as events
from events as e
join account_key as k on k.account_id = e.account_id
where e.template_id is not null
group by k.account, e.template_id;
