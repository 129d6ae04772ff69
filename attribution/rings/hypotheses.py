r"""What could explain a cluster, and what each explanation expects of each indicator: the one table of the verdict.

An expectation is a word from `SCALE`, a beta distribution over the share of members for whom the indicator holds. The
words are elicited, not fitted: they say what people who share things honestly do, with the reason beside each. An
indicator about which an explanation has no opinion is left out and counts the same under every share.

How much one indicator can say is bounded on purpose: a share that an explanation does not expect costs it at most
$\ln 20$ against knowing nothing (`SURPRISE`), so no explanation dies of one odd fact.
"""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

SURPRISE = 0.05
"""Probability that an indicator behaves in no way that the explanation foresees (uniform share)."""

SCALE: Mapping[str, tuple[float, float]] = MappingProxyType(
    {
        "nearly all": (20.0, 1.0),
        "most": (6.0, 1.5),
        "many": (3.0, 1.5),
        "some": (1.5, 3.0),
        "few": (1.0, 8.0),
        "hardly any": (1.0, 40.0),
        "all or none, rather all": (0.6, 0.2),
        "all or none": (0.3, 0.3),
        "all or none, rather none": (0.2, 0.6),
    }
)
"""Words for shares: the beta distribution's (a, b). `all or none` is for what a group has in common by construction: if one
payer pays for all, then all cards are of one kind."""


@dataclass(frozen=True, slots=True)
class Expectation:
    """One cell of the table: how many members an explanation expects the indicator to hold for, and why."""

    word: str
    reason: str

    @property
    def beta(self) -> tuple[float, float]:
        """The (a, b) of the word."""
        return SCALE[self.word]


@dataclass(frozen=True, slots=True)
class Hypothesis:
    """One explanation of a cluster.

    Attributes
    ----------
    covert : whether it is covert coordination.
    prior : relative frequency among clusters that share something, before looking (elicited).
    size : median and spread (standard deviation of the logarithm) of the number of accounts.
    expects : indicator name to expectation.
    """

    name: str
    covert: bool
    prior: float
    size: tuple[float, float]
    description: str
    expects: Mapping[str, Expectation]


def _expects(**cells: tuple[str, str]) -> Mapping[str, Expectation]:
    return MappingProxyType({name: Expectation(*cell) for name, cell in cells.items()})


HYPOTHESES: tuple[Hypothesis, ...] = (
    Hypothesis(
        "careless ring", True, 0.02, (150.0, 1.8), "Accounts run by one operator who takes little care to hide it.",
        _expects(
            unrelated_names=("nearly all", "accounts that share a card or a machine pretend not to know each other"),
            met=("many", "exits are rented from few hosts, so accounts meet there"),
            one_device=("all or none", "one machine runs all accounts, or each runs a group"),
            one_payer=("all or none", "one card pays until it burns out, or each pays for a group"),
            affiliated=("few", "an operator poses as unrelated people"),
            verified_organisation=("hardly any", "a verified organisation can be held to account"),
            shared_card=("most", "cards are the scarcest thing an operator has"),
            concealed_card=("nearly all", "accounts that share a card pretend not to know each other"),
            corporate_card=("all or none, rather none", "cards come in batches of one kind; a company's card names the company"),
            concealed_device=("nearly all", "accounts that share a device pretend not to know each other"),
            shared_device=("many", "few machines run many accounts"),
            private_template=("most", "the same extraction prompts go out through all accounts"),
            dominant_template=("many", "the accounts exist for the extraction"),
            round_the_clock=("many", "a job schedule knows no night"),
            fresh_account=("many", "accounts are made when they are needed"),
            common_place=("all or none", "one exit for all, or a pool that rotates and is nobody's home"),
            anonymous_egress=("many", "exits in data centres are cheap"),
            throwaway_card=("all or none", "cards are bought in batches of one kind"),
        ),
    ),
    Hypothesis(
        "careful ring", True, 0.02, (150.0, 1.8), "Accounts run by one operator who hides: few leaks, human hours, own exits.",
        _expects(
            unrelated_names=("nearly all", "where a card or a machine is shared, the names are not"),
            shared_card=("all or none, rather all", "cards are the scarcest thing an operator has, unless each account has its own"),
            met=("all or none", "exits are shared, or bought by the session"),
            one_device=("few", "many machines, few accounts on each"),
            one_payer=("few", "many cards, few accounts on each"),
            one_place=("hardly any", "each account has exits of its own"),
            affiliated=("few", "an operator poses as unrelated people"),
            verified_organisation=("hardly any", "a verified organisation can be held to account"),
            concealed_card=("nearly all", "where a card is shared, nothing else is"),
            corporate_card=("all or none, rather none", "cards come in batches of one kind; a company's card names the company"),
            throwaway_card=("all or none", "cards are bought in batches of one kind"),
            concealed_device=("most", "where a device leaks, nothing else is shared"),
            common_place=("hardly any", "each account has exits of its own"),
            scattered_exits=("some", "rotating exits are sold beside lasting ones"),
            private_template=("all or none, rather all", "the accounts exist for the operator's prompts, unless each group has its own wording"),
        ),
    ),
    Hypothesis(
        "team", False, 0.25, (8.0, 0.8), "A start-up or department: one office, one card, the same prompts.",
        _expects(
            unrelated_names=("all or none, rather none", "colleagues share a mail domain; in a young company each has private mail"),
            verified_organisation=("all or none", "a company has itself verified, or has not"),
            met=("most", "one office"),
            one_device=("hardly any", "each has a machine"),
            one_payer=("most", "the company pays"),
            one_place=("most", "one office"),
            common_place=("most", "colleagues share an office"),
            anonymous_egress=("few", "offices have addresses of their own"),
            scattered_exits=("hardly any", "people have a few places"),
            affiliated=("all or none, rather all", "colleagues share an organisation or a mail domain"),
            shared_card=("most", "the company pays"),
            concealed_card=("hardly any", "those who share the card share the office or the organisation"),
            concealed_device=("hardly any", "machines move within the office"),
            shared_device=("few", "each has a machine"),
            round_the_clock=("hardly any", "people sleep"),
            throwaway_card=("all or none, rather none", "one payer, seldom with a prepaid card"),
        ),
    ),
    Hypothesis(
        "agency", False, 0.06, (30.0, 0.9), "An agency that runs client accounts: one office, a few cards, house templates.",
        _expects(
            unrelated_names=("all or none", "accounts carry the agency's name or the clients'"),
            anonymous_egress=("few", "offices have addresses of their own"),
            dominant_template=("many", "client work is what the accounts are for"),
            throwaway_card=("all or none, rather none", "the cards are the agency's, so of one kind"),
            corporate_card=("all or none", "the cards are the agency's, so of one kind"),
            verified_organisation=("all or none", "an agency that runs accounts for others has itself verified, or has not"),
            met=("most", "one office"),
            one_device=("few", "several machines in the office"),
            one_payer=("some", "one card for some clients, another for others"),
            one_place=("most", "one office"),
            common_place=("most", "the agency's staff sit in its office"),
            scattered_exits=("hardly any", "people have a few places"),
            affiliated=("all or none", "accounts carry the agency's name or the clients'"),
            shared_card=("all or none, rather all", "the agency advances the cost, or each client pays"),
            concealed_card=("few", "those who share the card share the office"),
            concealed_device=("few", "machines stay in the office"),
            shared_device=("all or none, rather all", "staff serve several clients from one machine, or each client has a machine"),
            private_template=("most", "house templates"),
            round_the_clock=("hardly any", "people sleep"),
        ),
    ),
    Hypothesis(
        "campus cohort", False, 0.06, (60.0, 0.9), "Students with the same homework behind one campus network.",
        _expects(
            met=("most", "one campus"),
            one_device=("hardly any", "each has a machine"),
            corporate_card=("few", "private people seldom pay with company cards"),
            verified_organisation=("few", "private people are no organisations"),
            one_payer=("hardly any", "students pay for themselves"),
            one_place=("many", "one campus"),
            common_place=("most", "campus and dormitory networks"),
            anonymous_egress=("few", "campus addresses belong to the campus"),
            scattered_exits=("hardly any", "people have a few places"),
            affiliated=("many", "the university's mail domain"),
            shared_card=("hardly any", "students pay for themselves"),
            shared_device=("few", "computer rooms apart, each has a machine"),
            private_template=("most", "the same homework"),
            dominant_template=("some", "homework is a part of what they ask"),
            round_the_clock=("hardly any", "people sleep"),
            fresh_account=("many", "accounts are made when term begins"),
        ),
    ),
    Hypothesis(
        "household", False, 0.2, (3.0, 0.5), "People who live together.",
        _expects(
            unrelated_names=("many", "relatives chose their mail each for himself"),
            met=("nearly all", "one home"),
            one_device=("some", "one family device beside each one's own"),
            affiliated=("few", "private people have no organisation"),
            corporate_card=("few", "private people seldom pay with company cards"),
            verified_organisation=("hardly any", "private people are no organisations"),
            one_payer=("many", "one family card"),
            one_place=("nearly all", "one home"),
            common_place=("nearly all", "one home"),
            anonymous_egress=("hardly any", "homes have residential addresses"),
            scattered_exits=("hardly any", "people have a few places"),
            shared_card=("many", "one family card"),
            concealed_card=("hardly any", "those who share the card share the home"),
            concealed_device=("hardly any", "those who share the device share the home"),
            round_the_clock=("hardly any", "people sleep"),
            private_template=("few", "each has own questions"),
        ),
    ),
    Hypothesis(
        "shared connection", False, 0.1, (20.0, 1.2), "Strangers behind one address: a café, a CGNAT, a mobile gateway.",
        _expects(
            met=("most", "the address is what they share"),
            one_device=("hardly any", "strangers have their own devices"),
            corporate_card=("few", "private people seldom pay with company cards"),
            verified_organisation=("few", "private people are no organisations"),
            one_payer=("hardly any", "strangers pay for themselves"),
            one_place=("many", "one gateway"),
            common_place=("most", "the address is what they share"),
            anonymous_egress=("few", "the connection is a real one"),
            affiliated=("few", "strangers"),
            shared_card=("hardly any", "strangers pay for themselves"),
            shared_device=("hardly any", "strangers have their own devices"),
            private_template=("few", "strangers have their own questions"),
            round_the_clock=("few", "strangers, one or the other of whom runs a machine"),
        ),
    ),
    Hypothesis(
        "VPN users", False, 0.08, (20.0, 1.2), "Strangers who leave through the same VPN or cloud exits.",
        _expects(
            met=("most", "the exits are what they share"),
            one_device=("hardly any", "strangers have their own devices"),
            corporate_card=("few", "private people seldom pay with company cards"),
            verified_organisation=("few", "private people are no organisations"),
            one_payer=("hardly any", "strangers pay for themselves"),
            anonymous_egress=("nearly all", "the exits are what they share"),
            affiliated=("few", "strangers"),
            shared_card=("hardly any", "strangers pay for themselves"),
            shared_device=("hardly any", "strangers have their own devices"),
            private_template=("few", "strangers have their own questions"),
            round_the_clock=("few", "strangers, one or the other of whom runs a machine"),
        ),
    ),
    Hypothesis(
        "CI or evaluation", False, 0.04, (12.0, 1.0), "Build runners or evaluation suites: machines, one template set, a company's card.",
        _expects(
            unrelated_names=("all or none, rather none", "one administrator made the accounts, under one name"),
            verified_organisation=("all or none", "a company has itself verified, or has not"),
            met=("most", "runners leave through the same cloud exits"),
            one_device=("all or none, rather all", "one image, one fingerprint"),
            one_payer=("nearly all", "one company, one card"),
            one_place=("many", "one cloud gateway"),
            common_place=("many", "runners leave through the same cloud exits"),
            anonymous_egress=("most", "runners stand in data centres"),
            affiliated=("all or none", "the accounts carry the company's name, if it gave one"),
            shared_card=("nearly all", "the company pays"),
            corporate_card=("all or none, rather all", "one payer, as a rule with a company card"),
            throwaway_card=("all or none, rather none", "one payer, seldom with a prepaid card"),
            shared_device=("many", "one image, one fingerprint"),
            concealed_device=("all or none, rather all", "runners stand in data centres, where nobody is at home; only a name on the accounts shows the company"),
            concealed_card=("all or none, rather all", "runners stand in data centres, where nobody is at home; only a name on the accounts shows the company"),
            private_template=("most", "the suite's own prompts"),
            dominant_template=("most", "machines send nothing else"),
            round_the_clock=("many", "builds run at night"),
        ),
    ),
    Hypothesis(
        "one person", False, 0.05, (3.5, 0.6), "One person with several accounts.",
        _expects(
            unrelated_names=("all or none", "aliases with one mail provider, or each with another"),
            met=("most", "one home or one VPN"),
            one_device=("most", "one machine"),
            affiliated=("few", "private people have no organisation"),
            corporate_card=("few", "private people seldom pay with company cards"),
            verified_organisation=("hardly any", "private people are no organisations"),
            one_payer=("all or none", "one purse, or a card for each alias"),
            one_place=("some", "one home, though aliases may go through a VPN"),
            common_place=("some", "one home, though aliases may go through a VPN"),
            scattered_exits=("some", "one who keeps aliases may keep a VPN"),
            shared_card=("all or none", "one purse, or a card for each alias"),
            concealed_card=("some", "one purse, as a rule one home"),
            shared_device=("most", "one machine"),
            concealed_device=("all or none", "one machine, with or without a home to see"),
            private_template=("many", "one person's own prompts"),
            round_the_clock=("hardly any", "people sleep"),
        ),
    ),
    Hypothesis(
        "family apart", False, 0.08, (3.5, 0.5), "Relatives or friends who share a purse or a machine but no roof.",
        _expects(
            unrelated_names=("many", "relatives chose their mail each for himself"),
            met=("few", "several homes"),
            one_device=("some", "a machine handed on"),
            affiliated=("few", "private people have no organisation"),
            corporate_card=("few", "private people seldom pay with company cards"),
            verified_organisation=("hardly any", "private people are no organisations"),
            one_payer=("most", "one purse for all"),
            one_place=("few", "several homes"),
            common_place=("few", "several homes"),
            scattered_exits=("hardly any", "people have a few places"),
            shared_card=("most", "one purse for all"),
            concealed_card=("many", "several homes and no organisation"),
            concealed_device=("many", "a machine handed on"),
            shared_device=("some", "a machine handed on"),
            private_template=("few", "each has own questions"),
            dominant_template=("hardly any", "each has own questions"),
            round_the_clock=("hardly any", "people sleep"),
        ),
    ),
    Hypothesis(
        "remote company", False, 0.06, (15.0, 0.9), "A company without an office: one card, homes all over.",
        _expects(
            unrelated_names=("all or none, rather none", "colleagues share a mail domain; in a young company each has private mail"),
            concealed_device=("all or none", "a machine handed on; with a name on the accounts or without"),
            verified_organisation=("all or none", "a company has itself verified, or has not"),
            met=("all or none, rather none", "everyone works from home, or through the company's VPN"),
            one_device=("hardly any", "each has a machine"),
            one_payer=("many", "one company, one card or one a department"),
            one_place=("all or none, rather none", "everyone works from home, or through the company's VPN"),
            common_place=("all or none, rather none", "everyone works from home, or through the company's VPN"),
            scattered_exits=("few", "homes are few places each"),
            affiliated=("all or none, rather all", "the company's mail domain or its verified name, if it has them"),
            shared_card=("most", "the company pays"),
            corporate_card=("all or none, rather all", "one payer, as a rule with a company card"),
            throwaway_card=("all or none, rather none", "one payer, seldom with a prepaid card"),
            shared_device=("hardly any", "each has a machine"),
            round_the_clock=("hardly any", "people sleep"),
        ),
    ),
    Hypothesis(
        "declared reseller", False, 0.01, (300.0, 1.5), "A reseller whose customers are declared: verified, one exit, one bill.",
        _expects(
            unrelated_names=("all or none, rather none", "the reseller's verified name"),
            met=("many", "the reseller's gateway"),
            one_payer=("nearly all", "one bill"),
            one_place=("many", "the reseller's gateway"),
            common_place=("many", "the reseller's gateway"),
            anonymous_egress=("most", "the gateway stands in a data centre"),
            affiliated=("nearly all", "the reseller's verified name"),
            verified_organisation=("nearly all", "declared means verified"),
            shared_card=("nearly all", "one bill"),
            concealed_card=("hardly any", "the name is on the account"),
            private_template=("few", "customers have their own questions"),
        ),
    ),
    Hypothesis(
        "agent users", False, 0.03, (40.0, 1.3), "Unrelated users of one tool or copied prompt: the template is all they share.",
        _expects(
            anonymous_egress=("some", "agents run on laptops and on servers alike"),
            met=("few", "strangers in many places; a few are neighbours"),
            one_device=("hardly any", "strangers have their own devices"),
            corporate_card=("few", "private people seldom pay with company cards"),
            verified_organisation=("few", "private people are no organisations"),
            one_payer=("hardly any", "strangers pay for themselves"),
            one_place=("hardly any", "strangers in many places"),
            common_place=("hardly any", "strangers in many places"),
            scattered_exits=("few", "people have a few places"),
            shared_card=("hardly any", "strangers pay for themselves"),
            shared_device=("hardly any", "strangers have their own devices"),
            private_template=("nearly all", "the tool's own prompt is what they have in common"),
            round_the_clock=("few", "strangers, one or the other of whom runs a machine"),
            affiliated=("few", "strangers"),
        ),
    ),
    Hypothesis(
        "hackathon", False, 0.02, (40.0, 0.9), "A weekend event: one venue, new accounts, one starter kit, gift cards.",
        _expects(
            unrelated_names=("many", "participants come from all over"),
            met=("most", "one venue"),
            one_device=("hardly any", "each brings a machine"),
            corporate_card=("few", "private people seldom pay with company cards"),
            verified_organisation=("few", "private people are no organisations"),
            one_payer=("few", "several gift cards"),
            one_place=("most", "one venue"),
            common_place=("most", "the venue's network"),
            anonymous_egress=("few", "the venue has addresses of its own"),
            affiliated=("few", "participants come from all over"),
            shared_card=("some", "sponsors' gift cards"),
            concealed_card=("few", "those who share a card share the venue"),
            shared_device=("few", "each brings a machine"),
            private_template=("most", "the starter kit"),
            fresh_account=("most", "accounts are made for the event"),
            signup_burst=("most", "accounts are made for the event"),
            round_the_clock=("hardly any", "one weekend"),
        ),
    ),
    Hypothesis(
        "families behind one exit", False, 0.05, (25.0, 1.0), "Families and people with aliases whom a café, a carrier or a VPN brings together.",
        _expects(
            unrelated_names=("many", "relatives chose their mail each for himself"),
            affiliated=("few", "strangers, family by family"),
            corporate_card=("few", "private people seldom pay with company cards"),
            verified_organisation=("few", "private people are no organisations"),
            one_payer=("few", "a purse for each family"),
            one_place=("all or none", "one gateway, or one that each visits beside a home"),
            common_place=("all or none", "one gateway, or one that each visits beside a home"),
            met=("nearly all", "the exit is what they share"),
            scattered_exits=("few", "people have a few places"),
            shared_card=("many", "a purse for each family"),
            concealed_card=("few", "those who share a card share a home, but for some relatives"),
            shared_device=("some", "a family device"),
            concealed_device=("few", "those who share a device share a home"),
            one_device=("hardly any", "a device for each family"),
            private_template=("few", "each has own questions"),
            dominant_template=("hardly any", "each has own questions"),
            round_the_clock=("few", "strangers, one or the other of whom runs a machine"),
        ),
    ),
    Hypothesis(
        "chance", False, 0.1, (8.0, 1.3), "People linked by accident, each to the next: a recycled address, a copied prompt.",
        _expects(
            unrelated_names=("many", "strangers"),
            met=("some", "a recycled address"),
            corporate_card=("few", "private people seldom pay with company cards"),
            verified_organisation=("few", "private people are no organisations"),
            one_payer=("few", "strangers"),
            one_place=("all or none, rather none", "strangers from everywhere, or from behind one recycled address"),
            common_place=("all or none, rather none", "strangers from everywhere, or from behind one recycled address"),
            scattered_exits=("few", "people have a few places"),
            affiliated=("few", "strangers"),
            shared_card=("few", "strangers pay for themselves"),
            shared_device=("few", "strangers have their own devices"),
            private_template=("some", "a copied prompt"),
            dominant_template=("hardly any", "one prompt among many"),
            round_the_clock=("few", "strangers, one or the other of whom runs a machine"),
        ),
    ),
)  # fmt: skip
"""Every explanation. Adding one needs a case in tests/cases/verdict/ that it wins and one that it must not."""
