-- Who and what is seen, where the facts are usage edges.
create or replace temp view seen_account as select account_id from edges;
create or replace temp view seen_ip as select value from edges where facet = 'ip';
create or replace temp view seen_device as select value from edges where facet = 'device';
create or replace temp view seen_payment as select value from edges where facet = 'payment';
create or replace temp view seen_template as select value from edges where facet = 'template';
