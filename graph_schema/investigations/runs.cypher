// title: Runs in the graph
// question: Which runs are there, what did each find, and which one answers when none is named?
// limit: 50
// next: rings_to_look_at, what_changed, refused_rows
MATCH (run:Run) WHERE run.sequence IS NOT NULL
WITH run ORDER BY run.sequence DESC LIMIT $limit
OPTIONAL MATCH (run)-[:FOUND]->(r:Ring)
WITH run, sum(CASE r.verdict WHEN 'coordinated' THEN 1 ELSE 0 END) AS coordinated,
     sum(CASE r.verdict WHEN 'undetermined' THEN 1 ELSE 0 END) AS undetermined,
     sum(CASE r.verdict WHEN 'innocent' THEN 1 ELSE 0 END) AS innocent, sum(r.size) AS accounts,
       max(r.last_seen) AS last_seen
RETURN run.run_id AS run, run.sequence AS number, coordinated, undetermined, innocent,
  accounts AS accounts_in_clusters,
       last_seen AS last_exchange, run.seed AS seed, run.config_digest AS configuration
ORDER BY number DESC LIMIT $limit
