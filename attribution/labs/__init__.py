"""Who benefits: campaigns inside rings, and their labs with posteriors, abstention and a ledger.

`campaigns` divides a ring's traffic by client, `attribute` weighs every dossier against every campaign,
`score_accounts` does both for any set of accounts without storing anything.
"""

from attribution.labs.naming import attribute
from attribution.labs.scoring import score_accounts
from attribution.labs.tenants import campaigns

__all__ = ["attribute", "campaigns", "score_accounts"]
