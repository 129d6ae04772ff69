-- When each model first appeared in anybody's traffic.
select model, min(ts) as released, count(distinct account_id)::bigint as accounts, count(*)::bigint as events
from events where model is not null
group by model
order by released, model
