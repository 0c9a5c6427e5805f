"""Verifiers: programs that decide a criterion. Importing the package registers those that it brings."""

from rubricate.verifiers.base import Outcome, answer_text, check_settings, decide, verifier
from rubricate.verifiers.contains import contains, ends_with, not_contains, starts_with
from rubricate.verifiers.exact import exact
from rubricate.verifiers.json_schema import json_shape
from rubricate.verifiers.length import length
from rubricate.verifiers.numeric import Number, numbers, numeric
from rubricate.verifiers.pattern import regex
from rubricate.verifiers.text_format import text_format

__all__ = [
    "Number",
    "Outcome",
    "answer_text",
    "check_settings",
    "contains",
    "decide",
    "ends_with",
    "exact",
    "json_shape",
    "length",
    "not_contains",
    "numbers",
    "numeric",
    "regex",
    "starts_with",
    "text_format",
    "verifier",
]
