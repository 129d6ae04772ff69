// title: What could not be read
// question: Which rows of the logs were refused, where, and why: what may the run have missed?
// limit: 50
// next: runs, rings_to_look_at
MATCH (run:Run) WHERE run.sequence IS NOT NULL AND ($run IS NULL OR run.run_id = $run)
WITH run ORDER BY run.sequence DESC LIMIT 1
MATCH (q:Refused {generation: run.generation}) WHERE q.ordinal IS NOT NULL
WITH q ORDER BY q.ordinal
RETURN q.file AS file, q.reason AS reason, count(*) AS rows, min(q.line) AS first_line,
  collect(q.digest)[..3] AS digests
ORDER BY rows DESC, file, reason LIMIT $limit
