"""What could explain a cluster: covert rings, careless and careful, and every innocent explanation (`honest`)."""

from __future__ import annotations

from attribution.rings.expectations import Hypothesis, expects
from attribution.rings.honest import HONEST

COVERT: tuple[Hypothesis, ...] = (
    Hypothesis(
        "careless ring", True, 0.02, (150.0, 1.8), "Accounts run by one operator who takes little care to hide it.",
        expects(
            unrelated_names=("nearly all", "accounts that share a card or a machine pretend not to know each other"),
            met=("many", "exits are rented from few hosts, so accounts meet there"),
            one_device=("all or none", "one machine runs all accounts, or each runs a group"),
            one_payer=("all or none", "one card pays until it burns out, or each pays for a group"),
            affiliated=("few", "an operator poses as unrelated people"),
            verified_organisation=("hardly any", "a verified organisation can be held to account"),
            shared_card=("most", "cards are the scarcest thing an operator has"),
            concealed_card=("all or none, rather all", "accounts that share a card pretend not to know each other, unless each has its own"),
            corporate_card=("all or none, rather none", "cards come in batches of one kind; a company's card names the company"),
            concealed_device=("all or none, rather all", "accounts that share a machine pretend not to know each other, unless each has its own"),
            shared_device=("many", "few machines run many accounts"),
            private_template=("most", "the same extraction prompts go out through all accounts"),
            dominant_template=("many", "the accounts exist for the extraction"),
            round_the_clock=("many", "a job schedule knows no night"),
            fresh_account=("all or none, rather all", "accounts are made when they are needed, or in a batch that lay ready"),
            common_place=("all or none", "one exit for all, or a pool that rotates and is nobody's home"),
            anonymous_egress=("many", "exits in data centres are cheap"),
            throwaway_card=("all or none", "cards are bought in batches of one kind"),
            scattered_exits=("all or none, rather none", "a few exits, or a pool that rotates"),
        ),
    ),
    Hypothesis(
        "careful ring", True, 0.02, (150.0, 1.8), "Accounts run by one operator who hides: few leaks, human hours, own exits.",
        expects(
            unrelated_names=("nearly all", "where a card or a machine is shared, the names are not"),
            shared_card=("all or none, rather all", "cards are the scarcest thing an operator has, unless each account has its own"),
            met=("all or none", "exits are shared, or bought by the session"),
            one_device=("few", "many machines, few accounts on each"),
            one_payer=("few", "many cards, few accounts on each"),
            one_place=("hardly any", "each account has exits of its own"),
            affiliated=("few", "an operator poses as unrelated people"),
            verified_organisation=("hardly any", "a verified organisation can be held to account"),
            concealed_card=("all or none, rather all", "cards are shared behind other names, unless each account has its own"),
            corporate_card=("all or none, rather none", "cards come in batches of one kind; a company's card names the company"),
            throwaway_card=("all or none", "cards are bought in batches of one kind"),
            concealed_device=("all or none", "machines are shared behind other names, unless each account has a profile of its own"),
            common_place=("hardly any", "each account has exits of its own"),
            scattered_exits=("all or none", "rotating exits are sold beside lasting ones, and bought for all"),
            private_template=("all or none, rather all", "the accounts exist for the operator's prompts, unless each group has its own wording"),
            shared_device=("all or none", "each account runs in a profile of its own, unless a few machines run them"),
            round_the_clock=("all or none, rather none", "human hours, unless one schedule runs all"),
            anonymous_egress=("all or none", "exits are bought from homes, or rented in data centres"),
        ),
    ),
)  # fmt: skip
"""Both covert explanations."""

HYPOTHESES: tuple[Hypothesis, ...] = (*COVERT, *HONEST)
"""Every explanation. Adding one needs a case in tests/cases/verdict/ that it wins and one that it must not."""
