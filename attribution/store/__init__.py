"""Where runs are kept: one port (`base.Store`), one file or one graph behind it."""

from attribution.store.base import Published, RingQuery, RunRecord, Store
from attribution.store.embedded import EmbeddedStore

__all__ = ["EmbeddedStore", "Published", "RingQuery", "RunRecord", "Store"]
