-- Who moved to a new model within 24 hours of its first appearance: members, and accounts outside all rings that are
-- about as active (same power of two of events), chosen by the digest of their id so that nothing else decides.
with activity as (
    select e.account_id, floor(log2(count(*)))::integer as level, any_value(m.account_id) is not null as member
    from events e left join traffic_members m using (account_id)
    group by e.account_id
),
levels as (select level, count(*) as members from activity where member group by level),
ranked as (
    select a.account_id, a.level, l.members,
        row_number() over (partition by a.level order by md5(a.account_id), a.account_id) as place
    from activity a join levels l using (level)
    where not a.member
),
watched as (
    select account_id, level, true as member from activity where member
    union all
    select account_id, level, false from ranked
    where place <= greatest(20, ceil(?::double * members / (select sum(members) from levels)))
),
released as (
    select model, min(ts) as since from events where model is not null group by model
    having min(ts) > (select min(ts) from events) + interval 2 days
)
select w.account_id, w.member, w.level, r.model,
    count(*)::bigint as events, count_if(e.model = r.model)::bigint as on_model
from released r
join events e on e.ts >= r.since and e.ts < r.since + interval 24 hours and e.model is not null
join watched w on w.account_id = e.account_id
group by w.account_id, w.member, w.level, r.model
order by r.model, w.account_id
