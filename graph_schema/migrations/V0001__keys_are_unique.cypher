// Keys are unique, look-ups are indexed. Schema only: data is changed in migrations of its own.
CREATE CONSTRAINT account_key IF NOT EXISTS FOR (n:Account) REQUIRE (n.key) IS UNIQUE;
CREATE CONSTRAINT ip_key IF NOT EXISTS FOR (n:Ip) REQUIRE (n.key) IS UNIQUE;
CREATE CONSTRAINT network_key IF NOT EXISTS FOR (n:Network) REQUIRE (n.key) IS UNIQUE;
CREATE CONSTRAINT device_key IF NOT EXISTS FOR (n:Device) REQUIRE (n.key) IS UNIQUE;
CREATE CONSTRAINT payment_key IF NOT EXISTS FOR (n:Payment) REQUIRE (n.key) IS UNIQUE;
CREATE CONSTRAINT template_key IF NOT EXISTS FOR (n:Template) REQUIRE (n.key) IS UNIQUE;
CREATE CONSTRAINT run_key IF NOT EXISTS FOR (n:Run) REQUIRE (n.run_id) IS UNIQUE;
CREATE CONSTRAINT ring_key IF NOT EXISTS FOR (n:Ring) REQUIRE (n.generation, n.ring_id) IS UNIQUE;
CREATE CONSTRAINT campaign_key IF NOT EXISTS FOR (n:Campaign) REQUIRE (n.generation, n.campaign_id) IS UNIQUE;
CREATE CONSTRAINT lab_key IF NOT EXISTS FOR (n:Lab) REQUIRE (n.lab_id) IS UNIQUE;
CREATE CONSTRAINT evidence_key IF NOT EXISTS FOR (n:Evidence) REQUIRE (n.generation, n.ordinal) IS UNIQUE;
CREATE INDEX evidence_subject IF NOT EXISTS FOR (n:Evidence) ON (n.generation, n.subject);
CREATE CONSTRAINT suppressed_key IF NOT EXISTS FOR (n:Suppressed) REQUIRE (n.generation, n.ordinal) IS UNIQUE;
CREATE CONSTRAINT refused_key IF NOT EXISTS FOR (n:Refused) REQUIRE (n.generation, n.ordinal) IS UNIQUE;
CREATE CONSTRAINT migration_key IF NOT EXISTS FOR (n:Migration) REQUIRE (n.version) IS UNIQUE;
CREATE CONSTRAINT writer_key IF NOT EXISTS FOR (n:Writer) REQUIRE (n.name) IS UNIQUE;
