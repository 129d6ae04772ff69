// title: The strongest evidence against
// why: Before a ring is acted upon, the facts that speak for an innocent explanation are read.
MATCH (run:Run) WHERE run.sequence IS NOT NULL WITH run ORDER BY run.sequence DESC LIMIT 1
MATCH (run)-[:FOUND]->(r:Ring {verdict: 'coordinated'})<-[:ABOUT]-(e:Evidence) WHERE e.weight < 0
RETURN r.ring_id AS ring, r.probability AS probability, r.explanation AS explanation, e.family AS family, e.name AS name,
       e.weight AS nats, e.detail AS detail
ORDER BY nats, ring LIMIT 100
