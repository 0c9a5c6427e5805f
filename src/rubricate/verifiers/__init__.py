"""Verifiers: programs that decide a criterion. Importing the package registers those that it brings."""

from rubricate.verifiers import ifeval
from rubricate.verifiers.base import Outcome, answer_text, check_settings, decide, verifier
from rubricate.verifiers.code_output import code_output
from rubricate.verifiers.code_tests import code_tests
from rubricate.verifiers.contains import contains, ends_with, not_contains, starts_with
from rubricate.verifiers.exact import exact
from rubricate.verifiers.final_answer import final_answer, has_final_answer, says_something
from rubricate.verifiers.json_schema import json_shape
from rubricate.verifiers.judgement_format import judgement_format
from rubricate.verifiers.keyword_chain import keyword_chain
from rubricate.verifiers.language import language
from rubricate.verifiers.length import length
from rubricate.verifiers.numeric import Number, numbers, numeric
from rubricate.verifiers.pattern import regex
from rubricate.verifiers.recovered_brief import recovered_brief
from rubricate.verifiers.same_answer import same_answer
from rubricate.verifiers.segments import sentence_spans
from rubricate.verifiers.text_format import text_format
from rubricate.verifiers.tool_calls import call_share, tool_calls

__all__ = [
    "Number",
    "Outcome",
    "answer_text",
    "call_share",
    "check_settings",
    "code_output",
    "code_tests",
    "contains",
    "decide",
    "ends_with",
    "exact",
    "final_answer",
    "has_final_answer",
    "ifeval",
    "json_shape",
    "judgement_format",
    "keyword_chain",
    "language",
    "length",
    "not_contains",
    "numbers",
    "numeric",
    "recovered_brief",
    "regex",
    "same_answer",
    "says_something",
    "sentence_spans",
    "starts_with",
    "text_format",
    "tool_calls",
    "verifier",
]
