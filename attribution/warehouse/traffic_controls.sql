-- Accounts outside all rings that are about as active as the members (same power of two of events), as many as asked
-- for, chosen by the digest of their id so that the choice depends on nothing else; and what they sent by model and day.
with activity as (
    select e.account_id, floor(log2(count(*)))::integer as level, any_value(m.account_id) is not null as member
    from events e left join traffic_members m using (account_id)
    group by e.account_id
),
levels as (select level, count(*) as members from activity where member group by level),
ranked as (
    select a.account_id, l.members, row_number() over (partition by a.level order by md5(a.account_id), a.account_id) as place
    from activity a join levels l using (level)
    where not a.member
),
chosen as (
    select account_id from ranked
    where place <= greatest(20, ceil(?::double * members / (select sum(members) from levels)))
)
select e.account_id, e.model, e.ts::date as day, count(*)::bigint as events
from events e join chosen using (account_id)
where e.model is not null
group by e.account_id, e.model, e.ts::date
order by e.account_id, e.model, day
