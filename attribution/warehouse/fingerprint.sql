-- What the aggregates of a population do not show: counts, times and sizes by model and pathway. Integers only.
select model, endpoint, pathway, cast(count(*) as bigint) as events, cast(sum(epoch_us(ts)) as varchar) as times,
    cast(sum(input_tokens) as varchar) as input_tokens, cast(sum(output_tokens) as varchar) as output_tokens,
    cast(count(*) filter (where refused) as bigint) as refused
from events
group by 1, 2, 3
order by 1, 2, 3
