"""The hand-made result of a run, in three kinds: plain, full of hostile strings, and without any ring."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from report_world import make_document

if TYPE_CHECKING:
    from attribution.report.document import Document


@pytest.fixture(scope="session")
def document() -> Document:
    return make_document()


@pytest.fixture(scope="session")
def hostile() -> Document:
    return make_document(hostile=True)


@pytest.fixture(scope="session")
def empty() -> Document:
    return make_document(empty=True)
