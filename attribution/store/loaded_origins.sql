-- What became of each relationship that says where an address comes from: the reason for which it cannot be used, by the words of
-- the quarantine; `duplicate`, where another one says the same; null: it is used. Of those that contradict one another the first
-- in the order of their content is used. $1 is the longest text, in bytes; $2 are the kinds of the contract.
create or replace temp table origins_judged as
with judged as (
    select *,
        case
            when ip = '' then 'missing:value'
            when ip in (select value from origins_odd) then 'bad_address:value'
            when asn = -1 then 'wrong_type:asn'
            when asn < 0 or asn > 4294967295 then 'out_of_range:asn'
            when contains(coalesce(as_org, ''), chr(0)) then 'wrong_type:as_org'
            when contains(coalesce(country, ''), chr(0)) then 'wrong_type:country'
            when contains(coalesce(kind, ''), chr(0)) then 'wrong_type:kind'
            when strlen(as_org) > $1 then 'too_long:as_org'
            when strlen(country) > $1 then 'too_long:country'
            when lower(kind) not in (select unnest($2)) then 'unknown_word:kind'
        end as reason
    from origins
),

ranked as (
    select *,
        row_number() over same as position,
        dense_rank() over (
            partition by ip, reason is null order by asn nulls last, as_org nulls last, country nulls last, kind nulls last
        ) as version
    from judged
    window same as (
        partition by ip, reason is null
        order by asn nulls last, as_org nulls last, country nulls last, kind nulls last, place
    )
)

select place, ip, asn, nullif(as_org, '') as as_org, nullif(country, '') as country, lower(nullif(kind, '')) as kind,
    case
        when reason is not null or position = 1 then reason
        when version > 1 then 'conflict'
        else 'duplicate'
    end as reason
from ranked;
