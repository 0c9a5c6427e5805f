"""Quotes that a judge gives as evidence must be found in the response; what is not found is kept apart."""

from rubricate.verifiers.quotes import check_quotes, plain, wanted

__all__ = ["check_quotes", "plain", "wanted"]
