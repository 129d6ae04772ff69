"""Arrow tables of the contract from the columns of a world, and files from tables."""

from __future__ import annotations

import gzip
from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pacsv
import pyarrow.parquet as pq

from attribution.simulate.draws import generator, mix, salt, uniform
from attribution.simulate.language import LANGUAGES, one_off, punctuation
from attribution.simulate.network import COUNTRIES
from attribution.simulate.roster import AGENTS, KINDS, MAIL, PATHWAYS, REGIONAL_MAIL
from attribution.simulate.templates import Writer, render
from attribution.simulate.traffic import START

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from attribution.simulate.language import Lexicon
    from attribution.simulate.scene import Scene
    from attribution.simulate.traffic import Traffic

MODELS = ("aria-1", "aria-1-mini", "aria-1-code", "aria-2", "aria-2-mini", "aria-2-code")
ENDPOINTS = ("/v1/messages", "/v1/chat", "/v1/batch")
UTC = pa.timestamp("us", tz="UTC")


def names(seed: int, prefix: str, numbers: NDArray[np.integer]) -> pa.StringArray:
    """Return opaque ids for numbers: equal numbers, equal ids, whatever is asked for beside them."""
    hashed = mix(salt(seed, f"name {prefix}"), numbers)
    return pa.array([f"{prefix}{number >> 16:012x}" for number in hashed.tolist()], pa.string())


def named(seed: int, prefix: str, numbers: NDArray[np.int64]) -> pa.StringArray:
    """Return ids of a long column with repeats; `-1` becomes null."""
    unique, inverse = np.unique(numbers, return_inverse=True)
    return names(seed, prefix, unique).take(pa.array(inverse, mask=numbers < 0))


@dataclass(frozen=True, slots=True)
class Text:
    """What prompts are written with (no lexicon: template ids are written instead), and which part this is."""

    words: Lexicon | None
    writer: Writer
    part: int


def events_table(scene: Scene, traffic: Traffic, accounts: pa.StringArray, text: Text, first: int) -> pa.Table:
    """Return the contract's `events`; `first` is the number of the first exchange."""
    seed, drop = scene.options.seed, set(scene.options.drop)
    count = len(traffic.account)
    columns: dict[str, pa.Array] = {}
    if "event_id" not in drop:
        numbers = pa.array(np.arange(first, first + count)).cast(pa.string())
        columns["event_id"] = pc.binary_join_element_wise("e", numbers, "-")
    columns["account_id"] = accounts.take(pa.array(traffic.account))
    columns["ts"] = pa.array(traffic.ts, pa.timestamp("us")).cast(UTC)
    if "ip" not in drop:
        unique, inverse = np.unique(traffic.address, return_inverse=True)
        columns["ip"] = pa.array(scene.network.text(unique), pa.string()).take(pa.array(inverse))
    if "device" not in drop:
        columns["device_id"] = named(seed, "d", traffic.device)
    if "payment" not in drop:
        columns["payment_id"] = named(seed, "pm", traffic.card)
    if text.words is not None:
        columns["prompt"] = prompts(scene, traffic, text.words, text)
    elif "template_id" not in drop:
        surface = np.where(traffic.concept >= 0, traffic.concept.astype(np.int64) * (1 << 32) + traffic.variant, -1)
        columns["template_id"] = named(seed, "t", surface)
    plain: dict[str, pa.Array] = {
        "model": pa.array(MODELS).take(pa.array(traffic.model)),
        "endpoint": pa.array(ENDPOINTS).take(pa.array(traffic.endpoint)),
        "pathway": pa.array(PATHWAYS).take(pa.array(traffic.pathway)),
        "user_agent": pa.array(AGENTS).take(pa.array(traffic.agent)),
        "input_tokens": pa.array(traffic.input_tokens, pa.int64()),
        "output_tokens": pa.array(traffic.output_tokens, pa.int64()),
        "refused": pa.array(traffic.refused),
    }
    return pa.table({**columns, **{name: column for name, column in plain.items() if name not in drop}})


def prompts(scene: Scene, traffic: Traffic, words: Lexicon, text: Text) -> pa.StringArray:
    """Write the prompt of every exchange."""
    seed = scene.options.seed
    fixed = np.flatnonzero(traffic.concept >= 0)
    surface = traffic.concept[fixed].astype(np.int64) * (1 << 32) + traffic.variant[fixed]
    unique, inverse = np.unique(surface, return_inverse=True)
    texts = [text.writer.write(int(one >> 32), int(one & 0xFFFFFFFF)) for one in unique.tolist()]
    written = render(traffic.key[fixed], inverse, texts, words)
    free = np.flatnonzero(traffic.concept < 0)
    language = np.where(traffic.english[free], LANGUAGES.index("en"), scene.roster.language[traffic.account[free]])
    care = punctuation(uniform(mix(salt(seed, "punctuation"), traffic.account[free])))
    loose = one_off(generator(seed, "one-off", text.part), words, language, traffic.words[free], care)
    place = np.empty(len(traffic.account), dtype=np.int64)
    place[fixed] = np.arange(len(fixed))
    place[free] = len(fixed) + np.arange(len(free))
    return pa.concat_arrays([written, loose]).take(pa.array(place))


def accounts_table(scene: Scene, accounts: pa.StringArray, brands: list[str]) -> pa.Table:
    """Return the contract's `accounts`."""
    roster = scene.roster
    domains = [*MAIL]
    domains += [f"unused{number}.example" for number in range(len(domains), REGIONAL_MAIL)]
    domains += [f"mail-{country.lower()}.example" for country in COUNTRIES]
    domains += [f"unused{number}.example" for number in range(len(domains), 100)]
    domains += [
        f"{brands[number % len(brands)]}{number // len(brands) or ''}.example"
        for number in range(int(roster.mail.max(initial=0)) - 99)
    ]
    orgs = pa.array(
        [
            f"{brands[-1 - number % len(brands)].title()} {number // len(brands) or 'Ltd'}"
            for number in range(scene.next_org + 1)
        ]
    )
    created = START + (roster.created * 86_400e6).astype(np.int64).astype("timedelta64[us]")
    return pa.table(
        {
            "account_id": accounts,
            "created_at": pa.array(created, pa.timestamp("us")).cast(UTC),
            "email_domain": pa.array(domains).take(pa.array(roster.mail)),
            "org": orgs.take(pa.array(roster.org, mask=roster.org < 0)),
            "country": pa.array(COUNTRIES).take(pa.array(roster.country)),
            "pathway": pa.array(PATHWAYS).take(pa.array(roster.pathway)),
            "verified": pa.array(roster.verified),
        }
    )


def truth_table(scene: Scene, accounts: pa.StringArray, labs: NDArray[np.int64]) -> pa.Table:
    """Return `truth/accounts`: ring, lab (of most of the extraction) and kind of every account."""
    roster = scene.roster
    lab_ids = pa.array([lab.lab_id for lab in scene.labs] or [""])
    return pa.table(
        {
            "account_id": accounts,
            "ring": pa.array([f"ring-{number:02d}" for number in range(int(roster.ring.max(initial=0)) + 1)]).take(
                pa.array(roster.ring, mask=roster.ring < 0)
            ),
            "lab": lab_ids.take(pa.array(labs, mask=labs < 0)),
            "kind": pa.array(KINDS).take(pa.array(roster.kind)),
        }
    )


def write(table: pa.Table, stem: Path, file_format: str) -> Path:
    """Write a table as `stem` plus the ending of its format, and return the path; the same table, the same bytes."""
    path = stem.with_name(f"{stem.name}.{file_format}")
    path.parent.mkdir(parents=True, exist_ok=True)
    if file_format == "parquet":
        pq.write_table(table, path, compression="zstd", compression_level=1)
        return path
    text, _, packing = file_format.partition(".")
    data = _csv(table) if text == "csv" else _jsonl(table)
    if packing == "gz":
        data = gzip.compress(data, compresslevel=4, mtime=0)
    elif packing == "zst":
        data = pa.Codec("zstd", compression_level=3).compress(data, asbytes=True)
    path.write_bytes(data)
    return path


def _iso(table: pa.Table) -> pa.Table:
    for place, column in enumerate(table.schema):
        if pa.types.is_timestamp(column.type):
            text = pc.binary_join_element_wise(
                pc.strftime(table.column(place).cast(pa.timestamp("us")), format="%Y-%m-%dT%H:%M:%S"), "Z", ""
            )
            table = table.set_column(place, column.name, text)
    return table


def _csv(table: pa.Table) -> bytes:
    sink = pa.BufferOutputStream()
    pacsv.write_csv(_iso(table), sink)
    return bytes(sink.getvalue().to_pybytes())


def _jsonl(table: pa.Table) -> bytes:
    encoder = msgspec.json.Encoder()
    rows: Sequence[dict[str, object]]
    parts = []
    for batch in _iso(table).to_batches(max_chunksize=65_536):
        rows = batch.to_pylist()
        parts.append(b"".join(encoder.encode({k: v for k, v in row.items() if v is not None}) + b"\n" for row in rows))
    return b"".join(parts)
