"""The reward server: rubrics as rewards over HTTP, for every trainer that can post JSON."""

from rubricate.serve.app import ServeSettings, create_app
from rubricate.serve.client import RewardClient

__all__ = ["RewardClient", "ServeSettings", "create_app"]
