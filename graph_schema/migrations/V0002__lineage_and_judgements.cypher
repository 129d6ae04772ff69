// Keys of lineage, judgements, ids ever given and claims of dossiers. Schema only.
CREATE CONSTRAINT lineage_key IF NOT EXISTS FOR (n:Lineage) REQUIRE (n.generation, n.ordinal) IS UNIQUE;
CREATE CONSTRAINT judgement_key IF NOT EXISTS FOR (n:Judgement) REQUIRE (n.judgement_id) IS UNIQUE;
CREATE CONSTRAINT identity_key IF NOT EXISTS FOR (n:Identity) REQUIRE (n.kind, n.id, n.event, n.other, n.run_id) IS UNIQUE;
CREATE CONSTRAINT claim_key IF NOT EXISTS FOR (n:Claim) REQUIRE (n.lab_id, n.version, n.claim, n.source) IS UNIQUE;
