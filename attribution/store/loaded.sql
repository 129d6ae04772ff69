-- Why a usage edge of a graph cannot be used, by the words of the quarantine; null: it can. $1 is the longest value, in bytes.
create or replace temp table loaded_refused as
with judged as (
    select *,
        case
            when account_id = '' then 'missing:account_id'
            when value = '' then 'missing:value'
            when events = -2 then 'wrong_type:since'
            when events = -3 then 'wrong_type:until'
            when events < 0 then 'wrong_type:count'
            when events = 0 then 'out_of_range:count'
            when first_seen < 0 then 'bad_time:first_seen'
            when last_seen < 0 then 'bad_time:last_seen'
            when first_seen < epoch_us(timestamp '2000-01-01') or first_seen >= epoch_us(timestamp '2100-01-01')
                then 'out_of_range:first_seen'
            when last_seen < first_seen or last_seen >= epoch_us(timestamp '2100-01-01') then 'out_of_range:last_seen'
            when strlen(account_id) > $1 then 'too_long:account_id'
            when strlen(value) > $1 then 'too_long:value'
            when contains(account_id, chr(0)) then 'control_character:account_id'
            when contains(value, chr(0)) then 'control_character:value'
            when facet = 'payment' and <luhn> then 'card_number:value'
            when facet = 'ip' and value in (select value from loaded_odd) then 'bad_address:value'
        end as reason
    from loaded
)
select place, facet, value, account_id, reason from judged where reason is not null;
