// title: Rings to look at first
// why: The strongest rings of the latest run, with the lab that leads in each of their campaigns.
MATCH (run:Run) WHERE run.sequence IS NOT NULL WITH run ORDER BY run.sequence DESC LIMIT 1
MATCH (run)-[:FOUND]->(r:Ring {verdict: 'coordinated'})
OPTIONAL MATCH (r)<-[:PART_OF]-(c:Campaign)-[t:ATTRIBUTED_TO {rank: 1}]->(l:Lab)
RETURN r.ring_id AS ring, r.probability AS probability, r.size AS accounts, r.events AS events,
       collect(c.campaign_id + ': ' + l.lab_id) AS campaigns
ORDER BY probability DESC, accounts DESC, ring LIMIT 50
