"""Prompt text on its way through: hashed with a key, mined for templates, and dropped unless it is to be kept.

Everything is done once for each distinct prompt.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import pyarrow as pa

from attribution.ingest.sql import scalar
from attribution.ingest.templates import mine

if TYPE_CHECKING:
    import duckdb

    from attribution.config import TemplateConfig

_BATCH = 65_536
_PERSON = b"prompt"


def prompt_hash(prompt: str, key: bytes) -> str:
    """Return the keyed hash under which a prompt is stored: BLAKE2b with 128 bits, in hex."""
    return hashlib.blake2b(prompt.encode(), digest_size=16, key=key[:64], person=_PERSON).hexdigest()


def hash_prompts(con: duckdb.DuckDBPyConnection, rows: str, key: bytes) -> None:
    """Fill `ingest_prompts` (prompt_key, prompt, n) and `ingest_prompt_hashes` (prompt_key, prompt_hash) from `rows`.

    `n` counts the rows with that prompt and no template of their own.
    """
    con.execute(
        "create or replace temp table ingest_prompts as select row_number() over () as prompt_key, "
        "prompt, count_if(template_id is null) as n "
        f"from {rows} where prompt is not null group by prompt"
    )
    con.execute("create or replace temp table ingest_prompt_hashes (prompt_key bigint, prompt_hash varchar)")
    last = scalar(con, "select max(prompt_key) from ingest_prompts")
    for start in range(0, last, _BATCH):
        batch = con.sql(
            "select prompt_key, prompt from ingest_prompts where prompt_key > ? and prompt_key <= ?",
            params=[start, start + _BATCH],
        ).to_arrow_table()
        hashes = [prompt_hash(prompt, key) for prompt in batch.column("prompt").to_pylist()]
        con.register("ingest_batch", pa.table({"prompt_key": batch.column("prompt_key"), "prompt_hash": hashes}))
        con.execute("insert into ingest_prompt_hashes select prompt_key, prompt_hash from ingest_batch")
        con.unregister("ingest_batch")


def mine_prompts(con: duckdb.DuckDBPyConnection, key: bytes, config: TemplateConfig) -> None:
    """Fill `prompt_templates` (prompt_key, template_id), and add to the facts' `templates`.

    Prompts whose rows all have a template are not mined: the provider knows better.
    """
    con.execute("create or replace temp view prompts as select * from ingest_prompts where n > 0")
    mine(con, key=key, config=config)
