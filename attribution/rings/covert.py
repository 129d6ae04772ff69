"""What covert rings expect of each indicator, each kind of operator by itself, with reasons.

An operator shares cards or machines between accounts, or neither has to be shared: what a ring does with one kind of
thing it does with all of that kind. So "a card each" and "a machine each" are explanations of their own: in one that
left all open, each indicator of a family that shows nothing would count against the ring once more.
"""

from __future__ import annotations

from attribution.rings.expectations import Hypothesis, expects

_OPERATOR = expects(
    affiliated=("all or none, rather none", "an operator poses as unrelated people, or has a mail domain for all"),
    verified_organisation=("hardly any", "a verified organisation can be held to account"),
    corporate_card=("all or none, rather none", "cards come in batches of one kind; a company's card names the company"),
    throwaway_card=("all or none", "cards are bought in batches of one kind"),
    office_egress=("few", "offices and campuses have a name on their lines, homes and hosts are rented"),
    busy=("many", "each account has to pay off, unless the work is spread thin"),
    long_answers=("many", "a model learns from what answers say, so they are to be long"),
    even_load=("many", "a scheduler hands out equal shares"),
)  # fmt: skip
_HIDING = expects(
    _OPERATOR,
    unrelated_names=("all or none, rather all", "where a card or a machine is shared, the names are not"),
    private_template=("all or none, rather all", "the accounts exist for the operator's prompts, unless each group has its own wording"),
    round_the_clock=("all or none, rather none", "human hours, unless one schedule runs all"),
)  # fmt: skip
_CAREFUL = expects(
    _HIDING,
    met=("all or none", "exits are shared, or bought by the session"),
    one_place=("hardly any", "each account has exits of its own"),
    common_place=("hardly any", "each account has exits of its own"),
    scattered_exits=("all or none, rather none", "rotating exits are sold beside lasting ones, and bought for all"),
    anonymous_egress=("all or none", "exits are bought from homes, or rented in data centres"),
)
_RENTED = expects(
    _HIDING,
    met=("most", "all leave through the operator's hosts"),
    common_place=("most", "a few hosts for all"),
    one_place=("all or none, rather all", "one provider's block, or several"),
    scattered_exits=("hardly any", "the hosts do not move"),
    anonymous_egress=("nearly all", "hosts stand in data centres"),
    dominant_template=("many", "the accounts exist for the extraction"),
    fresh_account=("all or none, rather all", "accounts are made when they are needed, or in a batch that lay ready"),
)
_CARDS_SHARED = expects(
    one_payer=("few", "many cards, few accounts on each"),
    shared_card=("all or none, rather all", "cards are the scarcest thing an operator has"),
    concealed_card=("all or none, rather all", "cards are shared behind other names"),
)
_CARDS_EACH = expects(
    one_payer=("hardly any", "a card for each account"),
    shared_card=("hardly any", "a card for each account"),
    concealed_card=("hardly any", "a card for each account"),
)
_NO_NAME = expects(
    unrelated_names=("nearly all", "no name in common: runners of one company have a machine in common as well, and a card each at times"),
    affiliated=("few", "no name in common"),
)  # fmt: skip
_MACHINES_SHARED = expects(
    one_device=("few", "many machines, few accounts on each"),
    shared_device=("all or none", "some machines run several accounts"),
    concealed_device=("all or none", "machines are shared behind other names"),
    own_device=(
        "all or none, rather none",
        "an operator's accounts run on the operator's machines; profiles that change are made for all",
    ),
)
_MACHINES_EACH = expects(
    one_device=("hardly any", "a profile of its own for each account"),
    shared_device=("hardly any", "a profile of its own for each account"),
    concealed_device=("hardly any", "a profile of its own for each account"),
)

COVERT: tuple[Hypothesis, ...] = (
    Hypothesis(
        "careless ring", True, 0.02, (150.0, 1.8), "Accounts run by one operator who takes little care to hide it.",
        expects(
            _OPERATOR,
            unrelated_names=("all or none, rather all", "accounts that share a card or a machine pretend not to know each other"),
            met=("many", "exits are rented from few hosts, so accounts meet there"),
            one_device=("all or none", "one machine runs all accounts, or each runs a group"),
            one_payer=("all or none", "one card pays until it burns out, or each pays for a group"),
            shared_card=("most", "cards are the scarcest thing an operator has"),
            concealed_card=("all or none, rather all", "accounts that share a card pretend not to know each other, unless each has its own"),
            concealed_device=("all or none, rather all", "accounts that share a machine pretend not to know each other, unless each has its own"),
            shared_device=("many", "few machines run many accounts"),
            private_template=("most", "the same extraction prompts go out through all accounts"),
            dominant_template=("many", "the accounts exist for the extraction"),
            round_the_clock=("many", "a job schedule knows no night"),
            fresh_account=("all or none, rather all", "accounts are made when they are needed, or in a batch that lay ready"),
            common_place=("all or none", "one exit for all, or a pool that rotates and is nobody's home"),
            anonymous_egress=("many", "exits in data centres are cheap"),
            scattered_exits=("all or none, rather none", "a few exits, or a pool that rotates"),
            own_device=("few", "the accounts have no life of their own"),
        ),
    ),
    Hypothesis(
        "machines behind many names", True, 0.01, (60.0, 1.5), "A few rented hosts run all accounts: machines and cards in common, a stranger's name on each account.",
        expects(
            _OPERATOR,
            _NO_NAME,
            met=("most", "all leave through the operator's hosts"),
            common_place=("some", "several hosts"),
            one_place=("some", "several hosts, few of which are most accounts'"),
            anonymous_egress=("most", "hosts stand in data centres"),
            scattered_exits=("few", "a few hosts"),
            one_device=("many", "one image, with a few others"),
            shared_device=("nearly all", "one image runs all accounts"),
            concealed_device=("nearly all", "machines are shared behind other names"),
            one_payer=("many", "one card, and the next when it burns out"),
            shared_card=("nearly all", "cards are the scarcest thing an operator has"),
            concealed_card=("nearly all", "cards are shared behind other names"),
            private_template=("most", "the same extraction prompts go out through all accounts"),
            dominant_template=("most", "the accounts exist for the extraction"),
            round_the_clock=("many", "a job schedule knows no night"),
            fresh_account=("all or none, rather all", "accounts are made when they are needed, or in a batch that lay ready"),
            own_device=("few", "the accounts have no life of their own"),
        ),
    ),
    Hypothesis(
        "careful ring", True, 0.02, (150.0, 1.8), "An operator who hides: few accounts on each card and machine, human hours, own exits.",
        expects(_CAREFUL, _CARDS_SHARED, _MACHINES_SHARED),
    ),
    Hypothesis(
        "careful ring, a machine each", True, 0.01, (150.0, 1.8), "An operator who hides and gives each account a machine of its own; cards are shared.",
        expects(_CAREFUL, _CARDS_SHARED, _MACHINES_EACH),
    ),
    Hypothesis(
        "careful ring, a card each", True, 0.01, (150.0, 1.8), "An operator who hides and gives each account a card of its own; machines are shared.",
        expects(_CAREFUL, _CARDS_EACH, _MACHINES_SHARED, _NO_NAME),
    ),
    Hypothesis(
        "ring on rented hosts", True, 0.01, (80.0, 1.5), "An operator with a few rented hosts: few accounts on each card and machine, all behind these hosts.",
        expects(_RENTED, _CARDS_SHARED, _MACHINES_SHARED, _NO_NAME),
    ),
    Hypothesis(
        "ring on rented hosts, a machine each", True, 0.005, (80.0, 1.5), "An operator with a few rented hosts who gives each account a profile of its own; cards are shared.",
        expects(_RENTED, _CARDS_SHARED, _MACHINES_EACH, _NO_NAME),
    ),
    Hypothesis(
        "farm behind gateways", True, 0.01, (100.0, 1.5), "Phones or machines in a few rooms: many cards and names behind a few gateways.",
        expects(
            _HIDING,
            met=("most", "the gateways are what they share"),
            common_place=("most", "a few gateways for all"),
            one_place=("some", "several gateways"),
            scattered_exits=("hardly any", "the gateways do not move"),
            anonymous_egress=("few", "gateways of carriers and offices"),
            one_payer=("few", "many cards, few accounts on each"),
            shared_card=("most", "cards are the scarcest thing an operator has"),
            concealed_card=("many", "who shares a card is spread over gateways"),
            one_device=("few", "many machines, few accounts on each"),
            shared_device=("all or none", "a phone for each account, or a few accounts on each"),
            concealed_device=("all or none", "a phone for each account, or a few accounts on each"),
            own_device=("few", "the accounts have no life of their own"),
        ),
    ),
)  # fmt: skip
"""Every covert explanation."""
