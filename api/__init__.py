"""The HTTP API: what the last run found, over either store."""

from api.app import create_app
from api.security import Keys
from api.serve import serve

__all__ = ["Keys", "create_app", "serve"]
