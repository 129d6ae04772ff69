// title: What was too common to count
// why: Values that the engine left out as evidence; a surprising one here may hide a ring.
MATCH (run:Run) WHERE run.sequence IS NOT NULL WITH run ORDER BY run.sequence DESC LIMIT 1
MATCH (s:Suppressed {generation: run.generation}) WHERE s.ordinal IS NOT NULL
RETURN s.facet AS facet, s.value AS value, s.accounts AS accounts, s.reason AS reason
ORDER BY accounts DESC, facet, value LIMIT 100
