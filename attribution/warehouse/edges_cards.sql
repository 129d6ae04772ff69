-- As traffic_cards.sql, from usage edges: of an instrument nothing is known but its name.
select account_id, value as payment_id, null::varchar as bin, null::varchar as issuer_country, events
from edges semi join traffic_watched using (account_id)
where facet = 'payment'
order by account_id, value
