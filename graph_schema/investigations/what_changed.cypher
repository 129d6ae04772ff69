// title: What changed since the run before
// question: Which rings and campaigns are new, grew, shrank, split, merged or ended since the run before?
// param unchanged: integer = 0, 0 to 1 -- 1 shows those that were kept as well
// limit: 100
// next: new_ring_and_older_ones, history_of_a_ring, accounts_that_changed_rings
MATCH (run:Run) WHERE run.sequence IS NOT NULL AND ($run IS NULL OR run.run_id = $run)
WITH run ORDER BY run.sequence DESC LIMIT 1
MATCH (n:Lineage {generation: run.generation}) WHERE n.ordinal IS NOT NULL AND ($unchanged = 1 OR n.event <> 'kept')
OPTIONAL MATCH (r:Ring {generation: run.generation, ring_id: n.id})
RETURN n.kind AS kind, n.id AS id, n.event AS event, n.other AS other, r.verdict AS verdict_now,
  n.previous_size AS accounts_before,
       n.size AS accounts_now, n.joined AS joined, n.departed AS departed, round(n.overlap, 3) AS overlap,
         n.reason AS reason,
       n.previous_run AS run_before
ORDER BY r.verdict = 'coordinated' DESC, n.joined + n.departed DESC, kind DESC, id LIMIT $limit
