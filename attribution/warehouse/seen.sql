-- Who and what is seen, where the facts are exchanges.
create or replace temp view seen_account as select account_id from events;
create or replace temp view seen_ip as select ip as value from events where ip is not null;
create or replace temp view seen_device as select device_id as value from events where device_id is not null;
create or replace temp view seen_payment as select payment_id as value from events where payment_id is not null;
create or replace temp view seen_template as select template_id as value from events where template_id is not null;
