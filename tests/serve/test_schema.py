"""The OpenAPI description holds: generated requests, good and bad, get what it says, and never a 500."""

import pytest
import schemathesis
from hypothesis import HealthCheck, settings
from schemathesis import checks

from rubricate.rewarder import Rewarder
from rubricate.rubrics import Rubric
from rubricate.serve import ServeSettings, create_app
from rubricate.serve.guard import GuardSettings

TEA = Rubric(id="tea", criteria=[{"id": "warm", "text": "Says to warm the pot first."}])
app = create_app(Rewarder((TEA,)), ServeSettings(GuardSettings(max_body=1 << 20)))
schema = schemathesis.openapi.from_asgi("/openapi.json", app)


@pytest.mark.slow
@schema.parametrize()
@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
def test_every_route_answers_as_described(case):
    response = case.call()
    # 405 belongs to the framework; an unknown rubric id is well formed and refused all the same
    case.validate_response(response, excluded_checks=[checks.unsupported_method, checks.positive_data_acceptance])


def test_the_description_names_all_routes_and_endings():
    described = app.openapi()
    assert {"/v1/score", "/v1/rewards", "/v1/compare", "/get_reward", "/rm", "/verify", "/classify"} <= set(
        described["paths"]
    )
    for path in ("/v1/score", "/rm"):
        assert {"200", "400", "401", "404", "409", "413", "422", "429", "503"} <= set(
            described["paths"][path]["post"]["responses"]
        )
