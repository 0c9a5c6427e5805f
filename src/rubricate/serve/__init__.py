"""The reward server: rubrics as rewards over HTTP, for every trainer that can post JSON.

Names are loaded on first use: the client needs no more than the base install, the server the extra ``serve``.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rubricate.serve.app import ServeSettings, create_app
    from rubricate.serve.client import RewardClient

__all__ = ["RewardClient", "ServeSettings", "create_app"]
_HOME = {"RewardClient": "client", "ServeSettings": "app", "create_app": "app"}


def __getattr__(name: str) -> Any:
    if name in _HOME:
        return getattr(importlib.import_module(f"rubricate.serve.{_HOME[name]}"), name)
    raise AttributeError(f"module 'rubricate.serve' has no attribute {name!r}; it has {', '.join(__all__)}")
