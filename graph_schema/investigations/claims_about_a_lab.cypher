// title: What is claimed about a lab
// question: Which claims do the dossiers make about labs, from which source, and how good is it?
// param lab: lab = none -- a dossier's id; all without it
// limit: 100
// next: who_benefits, evidence_about_a_campaign
MATCH (c:Claim) WHERE $lab IS NULL OR c.lab_id = $lab
RETURN c.lab_id AS lab, c.claim AS claim, c.content AS content, c.reliability AS reliability_of_source,
       c.credibility AS credibility_of_claim, c.ref AS reference, c.author AS author, c.date AS date,
         c.version AS version
ORDER BY lab, claim, reference, version LIMIT $limit
