"""The documents that the API sends and takes. Pydantic lives here and nowhere else."""

from __future__ import annotations

import datetime as dt  # noqa: TC003  # pydantic reads the annotations
from typing import Annotated, Any, Generic, TypeVar

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from attribution.domain import Verdict  # noqa: TC001  # as above

T = TypeVar("T")

START, END = "2026-03-01T00:00:12Z", "2026-03-28T23:59:40Z"


def _sound(text: str) -> str:
    """Refuse halves of characters: no store can keep them."""
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise ValueError("the text is not valid Unicode") from error
    return text


Name = Annotated[str, AfterValidator(_sound), Field(min_length=1, max_length=4096)]


class Document(BaseModel):
    """Base of everything that is sent: nothing beyond the declared fields."""

    model_config = ConfigDict(extra="forbid")


class Run(Document):
    """One execution of the engine."""

    run_id: str = Field(examples=["run-3f2a90c1d4e5b678"])
    config_digest: str = Field(description="SHA-256 of configuration and dossiers", examples=["9c" * 32])
    seed: int = Field(examples=[0])


class Ring(Document):
    """Accounts that look as if one operator ran them, or were tested for it."""

    ring_id: str = Field(examples=["ring-0c1d2e3f"])
    verdict: Verdict = Field(examples=["coordinated"])
    probability: float = Field(ge=0, le=1, description="of covert coordination", examples=[0.973])
    size: int = Field(description="accounts", examples=[212])
    first_seen: dt.datetime = Field(examples=[START])
    last_seen: dt.datetime = Field(examples=[END])
    events: int = Field(examples=[158_200])
    explanation: str | None = Field(description="best innocent explanation", examples=["agency"])


class Member(Document):
    """An account of a ring."""

    account_id: str = Field(examples=["acct-8812"])
    confidence: float = Field(ge=0, le=1, description="of membership", examples=[0.99])


class Campaign(Document):
    """One client's extraction inside a ring."""

    campaign_id: str = Field(examples=["ring-0c1d2e3f-c1"])
    ring_id: str = Field(examples=["ring-0c1d2e3f"])
    size: int = Field(description="accounts", examples=[180])
    targets: dict[str, Any] = Field(description="share of each capability", examples=[{"chain_of_thought": 0.71}])
    first_seen: dt.datetime = Field(examples=[START])
    last_seen: dt.datetime = Field(examples=[END])


class Evidence(Document):
    """One line of a ledger."""

    lab_id: str | None = Field(
        description="the lab it speaks about; null for a ring's evidence", examples=["lab-amber"]
    )
    family: str = Field(examples=["payments"])
    name: str = Field(examples=["bins"])
    weight: float = Field(description="nats, positive for the claim", examples=[2.31])
    detail: Any = Field(description="everything needed to recompute the weight", examples=[{"hits": 31, "trials": 40}])


class Posterior(Document):
    """How likely one lab is the client."""

    lab_id: str = Field(examples=["lab-amber"])
    posterior: float = Field(ge=0, le=1, examples=[0.91])
    rank: int = Field(ge=1, examples=[1])
    likelihood_term: str = Field(description="ICD 203 term for the posterior", examples=["very likely"])
    confidence_level: str = Field(description="analytic confidence: low, moderate, high", examples=["moderate"])


class Attribution(Document):
    """Who benefits from a campaign; posteriors sum to 1."""

    run_id: str | None = Field(description="null for an ad-hoc score", examples=["run-3f2a90c1d4e5b678"])
    campaign_id: str = Field(examples=["ring-0c1d2e3f-c1"])
    ring_id: str = Field(examples=["ring-0c1d2e3f"])
    abstained: bool = Field(description="the engine names no lab", examples=[False])
    posteriors: list[Posterior]
    evidence: list[Evidence]


class Page(Document, Generic[T]):
    """Part of a list; `next` continues it, null ends it."""

    run_id: str = Field(examples=["run-3f2a90c1d4e5b678"])
    items: list[T]
    next: str | None = Field(description="cursor of the next page", examples=["q83v…"])


class Items(Document, Generic[T]):
    """A whole list."""

    run_id: str = Field(examples=["run-3f2a90c1d4e5b678"])
    items: list[T]


class Runs(Document):
    """All runs, the latest first."""

    items: list[Run]


class Health(Document):
    """Whether the service works."""

    status: str = Field(examples=["ok"])


class ScoreRequest(Document):
    """A set of accounts to weigh the dossiers against, as if one client ran them all."""

    model_config = ConfigDict(extra="forbid", strict=True)

    accounts: list[Name] = Field(min_length=1, max_length=10_000, examples=[["acct-8812", "acct-9001"]])
    without: list[Name] = Field(
        default=[], max_length=20, description="families of evidence to leave out", examples=[[]]
    )
    prior: float | dict[Name, float] | None = Field(
        default=None,
        description="prior probability of a lab without a dossier, or of each lab and `unknown`",
        examples=[0.5],
    )
    split: bool = Field(default=False, description="look for several clients among the accounts", examples=[False])


class Scores(Document):
    """The answer to a score request."""

    results: list[Attribution]


class Parameter(Document):
    """What a question takes."""

    name: str = Field(examples=["ring"])
    kind: str = Field(description="account, ring, value, integer, …", examples=["ring"])
    needed: bool = Field(examples=[False])
    default: str | int | float | None = Field(examples=[None])
    takes: str = Field(description="type and bounds, in words", examples=["a text"])
    meaning: str = Field(examples=["a ring's id; the one with the highest probability without it"])


class Investigation(Document):
    """A named question of the graph."""

    name: str = Field(examples=["ring_overview"])
    title: str = Field(examples=["One ring at a glance"])
    question: str = Field(examples=["What is this ring: how large, since when, on which kinds of evidence?"])
    parameters: list[Parameter]
    columns: list[str] = Field(description="of the answer", examples=[["ring", "verdict", "probability"]])
    next: list[str] = Field(description="questions to ask afterwards", examples=[["values_of_a_ring"]])
    picture: str | None = Field(description="what the drawing in Neo4j Browser shows", examples=[None])


class Investigations(Document):
    """Every question."""

    items: list[Investigation]


class AskRequest(Document):
    """What is asked of the graph."""

    model_config = ConfigDict(extra="forbid", strict=True)

    parameters: dict[Name, Name | int | float | None] = Field(
        default={}, max_length=20, description="by name; `run` and `limit` among them", examples=[{"limit": 20}]
    )


class InvestigationAnswer(Document):
    """The answer to a question."""

    name: str = Field(examples=["ring_overview"])
    run_id: str = Field(examples=["run-3f2a90c1d4e5b678"])
    parameters: dict[str, str | int | float | None] = Field(description="every one, with defaults filled in")
    columns: list[str] = Field(examples=[["ring", "verdict", "probability"]])
    rows: list[dict[str, Any]] = Field(examples=[[{"ring": "ring-0c1d2e3f", "verdict": "coordinated"}]])
    full: bool = Field(description="as many rows as `limit` lets through: there may be more", examples=[False])
    browser: dict[str, str] | None = Field(
        description="addresses that open it in Neo4j Browser, where one is configured", examples=[None]
    )


class FieldProblem(Document):
    """A field that is wrong."""

    field: str = Field(examples=["query.limit"])
    message: str = Field(examples=["Input should be less than or equal to 1000"])


class Problem(BaseModel):
    """RFC 9457 problem details."""

    type: str = Field(examples=["urn:problem:attribution:not-found"])
    title: str = Field(examples=["Not Found"])
    status: int = Field(examples=[404])
    detail: str = Field(examples=["no ring 'ring-0' in this run"])
    remedy: str | None = Field(default=None, examples=["choose of payment, place"])
    errors: list[FieldProblem] | None = Field(default=None)
