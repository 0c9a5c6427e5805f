"""The reward server as a Ray Serve application: replicas that share nothing, scaled by requests in hand.

    pip install 'rubricate[serve]' 'ray[serve]'
    RUBRICS=rubrics.yaml JUDGE_URL=http://judge:8000/v1 JUDGE_MODEL=judge serve run deploy.ray_serve:app

Limits of an endpoint (calls in flight, requests a minute) hold per replica: divide them by the number of replicas.
"""

from __future__ import annotations

import os

from ray import serve

from rubricate import HttpClient, Rewarder, read_rubrics
from rubricate.serve import ServeSettings, create_app
from rubricate.serve.guard import GuardSettings


def reward_app() -> object:
    """The ASGI application of one replica, from the environment."""
    judge = os.environ.get("JUDGE_URL")
    client = HttpClient(judge, os.environ["JUDGE_MODEL"]) if judge else None
    keys = tuple(k for k in os.environ.get("RUBRICATE_API_KEYS", "").split(",") if k)
    rewarder = Rewarder(tuple(read_rubrics(os.environ["RUBRICS"])), client=client, deadline=180.0)
    return create_app(rewarder, ServeSettings(GuardSettings(keys)))


@serve.deployment(
    num_replicas="auto",
    autoscaling_config={"min_replicas": 1, "max_replicas": 8, "target_ongoing_requests": 64},
    graceful_shutdown_timeout_s=60,
)
@serve.ingress(reward_app)
class RewardServer:
    """One replica."""


app = RewardServer.bind()
