"""What a run looks like to people: one HTML page, terminal views, explanations of rewards, export."""

from rubricate.report.explain import Comparison, compare, explain
from rubricate.report.html import html_report

__all__ = ["Comparison", "compare", "explain", "html_report"]
