"""All settings, with their defaults and bounds: one frozen tree, read from `attribution.toml`.

Every field has a default that is right for most, and a comment that says what it does. `digest()` is the
configuration hash in `run.json`: two runs with the same digest were asked the same question.
"""

from __future__ import annotations

import hashlib
import tomllib
from typing import TYPE_CHECKING, Annotated

import msgspec

from attribution.errors import ConfigError

if TYPE_CHECKING:
    from pathlib import Path

Share = Annotated[float, msgspec.Meta(ge=0.0, le=1.0)]
Positive = Annotated[int, msgspec.Meta(ge=1)]


class Section(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Base of all sections: immutable, keyword-only, unknown keys refused."""


class IngestConfig(Section, frozen=True):
    """Reading the logs."""

    keep_prompts: bool = False
    """Store prompt text. Off: only the template, a masked example and a keyed hash are kept."""
    max_line_bytes: Positive = 16 * 1024 * 1024
    """A longer line of a text file goes to quarantine unread."""
    max_value_bytes: Positive = 4 * 1024 * 1024
    """A longer value (a prompt, an id) is refused."""
    batch_rows: Positive = 131_072
    """Rows held in memory at a time."""
    mmdb: str = ""
    """MMDB file with facts about addresses (network, organisation, country, kind) that the logs' `ips` do not have."""
    naive_times_are_utc: bool = False
    """Read times without a zone as UTC. Off: they are refused, since nobody can know which zone was meant."""
    max_unfolding: Positive = 200
    """Times its size that a compressed file may unfold to, beyond the first 64 MiB; more is taken for a bomb."""


class TemplateConfig(Section, frozen=True):
    """Mining templates from prompt text."""

    min_count: Positive = 10
    """A wording is a template when this many prompts share it (one prompt sent many times counts eight at most)."""


class ProjectionConfig(Section, frozen=True):
    """Evidence per link and its validation."""

    false_discovery_rate: Annotated[float, msgspec.Meta(gt=0.0, lt=1.0)] = 0.05
    """Benjamini-Hochberg level over all pairs of accounts."""
    links_per_account: Annotated[int, msgspec.Meta(ge=2)] = 64
    """Validated links written per account (towards accounts later in the order); larger groups are thinned."""
    semantic: bool = True
    """Compare mined templates by meaning as well as by wording, where the extra `semantic` is installed."""


class RingConfig(Section, frozen=True):
    """Partition and verdict."""

    min_size: Positive = 5
    """Smaller clusters are not reported."""
    seeds: Positive = 8
    """Leiden runs that must agree."""
    coordinated: Share = 0.85
    """Probability from which a cluster may be called coordinated."""
    innocent: Share = 0.2
    """Probability under which a cluster is called innocent."""
    member: Share = 0.5
    """Confidence under which an account is left out of a coordinated ring."""


class LabConfig(Section, frozen=True):
    """Campaigns and attribution."""

    prior_unknown: Annotated[float, msgspec.Meta(gt=0.0, lt=1.0)] = 0.5
    """Prior probability that the client is a lab without a dossier."""
    max_tenants: Annotated[int, msgspec.Meta(ge=1, le=8)] = 4
    """The most clients that are looked for in one ring."""
    tenant_penalty: Annotated[float, msgspec.Meta(ge=0.0)] = 8.0
    """Nats that each further client of a ring must earn."""
    name_posterior: Annotated[float, msgspec.Meta(ge=0.5, le=1.0)] = 0.8
    """Below this posterior no lab is named."""
    name_margin: Share = 0.5
    """The posterior must be this far above the runner-up's."""
    name_families: Annotated[int, msgspec.Meta(ge=2)] = 2
    """Independent families of evidence that must speak for the named lab."""
    permutations: Annotated[int, msgspec.Meta(ge=99)] = 999
    """Draws of the release pivot's permutation test."""


class ReportConfig(Section, frozen=True):
    """The report."""

    title: str = "Attribution report"
    browser: Annotated[str, msgspec.Meta(pattern=r"^(https?://[^\s\"'<>]+)?$")] = ""
    """Where Neo4j Browser answers, such as http://localhost:7474; then each ring of the report links to its drawing."""


class Config(Section, frozen=True):
    """The whole configuration."""

    ingest: IngestConfig = IngestConfig()
    templates: TemplateConfig = TemplateConfig()
    projection: ProjectionConfig = ProjectionConfig()
    rings: RingConfig = RingConfig()
    labs: LabConfig = LabConfig()
    report: ReportConfig = ReportConfig()

    def digest(self) -> str:
        """Return the SHA-256 of the canonical JSON of all settings, defaults included."""
        return hashlib.sha256(msgspec.json.encode(self, order="deterministic")).hexdigest()


def load_config(path: Path | None) -> Config:
    """Read `attribution.toml`; without a path, the defaults.

    Raises
    ------
    ConfigError
        The file is missing, is no TOML, or has an unknown key or impossible value; the message names it.
    """
    if path is None:
        return Config()
    try:
        table = tomllib.loads(path.read_text("utf-8"))
        settings = msgspec.convert(table, Config)
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(
            f"{path}: cannot be read ({error})", remedy="name an existing TOML file, or leave --config out"
        ) from error
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{path}: not TOML: {error}", remedy="see docs/configuration.md for every key") from error
    except msgspec.ValidationError as error:
        raise ConfigError(
            f"{path}: {error}", remedy="see docs/configuration.md for every key with its bounds"
        ) from error
    if settings.rings.innocent >= settings.rings.coordinated:
        raise ConfigError(
            f"{path}: rings.innocent is {settings.rings.innocent}, not below rings.coordinated"
            f" ({settings.rings.coordinated})",
            remedy="what is innocent must be less probable than what is coordinated",
        )
    return settings
