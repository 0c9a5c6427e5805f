"""Judges that are locked, anchored in evidence and calibrated."""

from rubricate.audit import QuantileMap, RidgeScale
from rubricate.judges import PointwiseJudge
from rubricate.recipe import Recipe
from rubricate.recipes.card import recipe
from rubricate.rubrics.lock import lock
from rubricate.steps import chain, step


@recipe(
    no=197,
    system="RULERS",
    arxiv="2601.08654",
    claim="Ridge and a quantile map bring a lenient, compressed judge close to people; a random score gains nothing.",
    check="tests/claims/claims_trial.py::claim_rulers",
    evidence="read",
    departs=(
        "A verdict without a quote that is found is asked again, then unreadable; the cap rule is second-hand.",
        "The public code is a mock; its digest holds the compile time, ours does not.",
    ),
)
def rulers(*, alpha: float = 1.0, degree: int = 2) -> Recipe:
    """A locked rubric, quotes that must be found, and a calibration on human scores.

    z = ridge_alpha(poly_degree(traits)); score = Q_human(F_train(z)), the map between the two quantile functions.
    """
    return Recipe(
        refine=step(lock),
        judge=step(PointwiseJudge, evidence="require"),
        audit=chain(step(RidgeScale, alpha=alpha, degree=degree), step(QuantileMap)),  # card: alpha 1.0 to 2.5
    )
