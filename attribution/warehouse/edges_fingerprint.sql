-- What the aggregates of a population do not show of usage edges: sums of times by facet. Integers only.
select facet, cast(count(*) as bigint) as edges, cast(sum(events) as varchar) as events,
    cast(sum(epoch_us(first_seen)) as varchar) as first_seen, cast(sum(epoch_us(last_seen)) as varchar) as last_seen
from edges
group by facet
order by facet
