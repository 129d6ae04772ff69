// What stands under the former names moves to the present ones. Data only.
MATCH (n:Payment) SET n:PaymentInstrument REMOVE n:Payment;
MATCH (n:Template) SET n:PromptTemplate REMOVE n:Template;
MATCH (a:Account)-[r:USED_PAYMENT]->(v) CREATE (a)-[n:PAID_WITH]->(v) SET n = properties(r) DELETE r;
MATCH (a:Account)-[r:USED_TEMPLATE]->(v) CREATE (a)-[n:SENT_TEMPLATE]->(v) SET n = properties(r) DELETE r;
MATCH (:Account)-[r:USED_IP|USED_DEVICE|PAID_WITH|SENT_TEMPLATE]->() WHERE r.events IS NOT NULL
SET r.count = r.events REMOVE r.events;
MATCH (:Account)-[r:USED_IP|USED_DEVICE|PAID_WITH|SENT_TEMPLATE]->() WHERE r.run IS NULL
OPTIONAL MATCH (run:Run) WHERE run.usage_version >= r.since
WITH r, run ORDER BY run.usage_version WITH r, head(collect(run.run_id)) AS first SET r.run = coalesce(first, '');
