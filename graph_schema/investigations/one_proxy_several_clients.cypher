// title: One proxy operator, several clients
// why: A ring with campaigns for different labs is a proxy operator; its own infrastructure says nothing about the clients.
MATCH (run:Run) WHERE run.sequence IS NOT NULL WITH run ORDER BY run.sequence DESC LIMIT 1
MATCH (run)-[:FOUND]->(r:Ring)<-[:PART_OF]-(c:Campaign)-[t:ATTRIBUTED_TO {rank: 1}]->(l:Lab)
WITH r, collect(DISTINCT l.lab_id) AS labs, count(c) AS campaigns WHERE size(labs) > 1
RETURN r.ring_id AS ring, r.size AS accounts, campaigns, labs
ORDER BY campaigns DESC, ring LIMIT 50
