-- The facts: what the logs said, deduplicated. One row an exchange, account, address and instrument.
-- Times are UTC. Null means unknown, never zero.
create table if not exists events (
    event_id varchar,               -- null where the logs had none
    account_id varchar not null,
    ts timestamp not null,
    ip varchar,                     -- canonical text
    device_id varchar,
    payment_id varchar,
    template_id varchar,            -- given by the logs, or mined from the prompt
    prompt varchar,                 -- null unless ingest.keep_prompts
    prompt_hash varchar,            -- keyed hash of the prompt
    model varchar,
    endpoint varchar,
    pathway varchar,
    user_agent varchar,
    input_tokens bigint,
    output_tokens bigint,
    refused boolean
);
-- Where a graph that others loaded is the input there are no exchanges: one row an account and value, as it was loaded.
create table if not exists edges (
    facet varchar not null,         -- ip, device, payment or template
    value varchar not null,
    account_id varchar not null,
    events bigint not null,
    first_seen timestamp not null,
    last_seen timestamp not null
);
create table if not exists accounts (
    account_id varchar not null, created_at timestamp, email_domain varchar, org varchar, country varchar,
    pathway varchar, verified boolean
);
create table if not exists ips (ip varchar not null, asn bigint, as_org varchar, country varchar, kind varchar);
create table if not exists payments (payment_id varchar not null, bin varchar, issuer_country varchar, kind varchar);
create table if not exists templates (
    template_id varchar not null,
    pattern varchar not null,       -- the fixed words, slots as {}
    example varchar not null,       -- one prompt with its slots masked
    prompts bigint not null         -- prompts seen with it
);
-- Columns that any input has had, as table.column: a column that was never there is unknown, not empty.
create table if not exists input_columns (name varchar primary key);
