-- What the members sent, taken out of everybody's exchanges once for the questions that follow.
create or replace temp table traffic_sent as
select m.ring, e.account_id, e.ts, e.ip, e.template_id, e.model, e.pathway, e.input_tokens, e.output_tokens, e.refused
from events e join traffic_members m using (account_id)
