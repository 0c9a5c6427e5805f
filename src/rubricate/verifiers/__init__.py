"""Verifiers: programs that decide a criterion. Importing the package registers those that it brings."""

from rubricate.verifiers import ifeval
from rubricate.verifiers.base import Outcome, answer_text, check_settings, decide, verifier
from rubricate.verifiers.citations import citation_rates, citation_support, cited_claims, cited_sources, claim_sources
from rubricate.verifiers.code_output import code_output
from rubricate.verifiers.code_tests import code_tests
from rubricate.verifiers.contains import contains, ends_with, not_contains, starts_with
from rubricate.verifiers.coverage import entity_coverage, waypoint_coverage
from rubricate.verifiers.exact import exact
from rubricate.verifiers.final_answer import final_answer, has_final_answer, says_something
from rubricate.verifiers.json_schema import json_shape
from rubricate.verifiers.judgement_format import judgement_format
from rubricate.verifiers.keyword_chain import keyword_chain
from rubricate.verifiers.language import language
from rubricate.verifiers.length import length
from rubricate.verifiers.length_shape import length_target, overlong
from rubricate.verifiers.math_equal import math_equal
from rubricate.verifiers.numeric import Number, numbers, numeric
from rubricate.verifiers.numeric_units import numeric_units
from rubricate.verifiers.overlap import copied_run, lcs_length, lcs_overlap, longest_common_run, ngram_overlap
from rubricate.verifiers.pattern import regex
from rubricate.verifiers.quotes import check_quotes, quotes_found
from rubricate.verifiers.reasoning import reasoning_block
from rubricate.verifiers.recovered_brief import recovered_brief
from rubricate.verifiers.repetition import distinct_n, repeated_window
from rubricate.verifiers.retrieval import rank_measure, retrieval
from rubricate.verifiers.same_answer import same_answer
from rubricate.verifiers.segments import sentence_spans
from rubricate.verifiers.sets import set_f1
from rubricate.verifiers.sql import sql
from rubricate.verifiers.text_format import text_format
from rubricate.verifiers.text_metrics import bleu, chrf, rouge
from rubricate.verifiers.tool_calls import call_share, tool_calls

__all__ = [
    "Number",
    "Outcome",
    "answer_text",
    "bleu",
    "call_share",
    "check_quotes",
    "check_settings",
    "chrf",
    "citation_rates",
    "citation_support",
    "cited_claims",
    "cited_sources",
    "claim_sources",
    "code_output",
    "code_tests",
    "contains",
    "copied_run",
    "decide",
    "distinct_n",
    "ends_with",
    "entity_coverage",
    "exact",
    "final_answer",
    "has_final_answer",
    "ifeval",
    "json_shape",
    "judgement_format",
    "keyword_chain",
    "language",
    "lcs_length",
    "lcs_overlap",
    "length",
    "length_target",
    "longest_common_run",
    "math_equal",
    "ngram_overlap",
    "not_contains",
    "numbers",
    "numeric",
    "numeric_units",
    "overlong",
    "quotes_found",
    "rank_measure",
    "reasoning_block",
    "recovered_brief",
    "regex",
    "repeated_window",
    "retrieval",
    "rouge",
    "same_answer",
    "says_something",
    "sentence_spans",
    "set_f1",
    "sql",
    "starts_with",
    "text_format",
    "tool_calls",
    "verifier",
    "waypoint_coverage",
]
