"""Model calls: the seam, an HTTP client, scripted clients, and wrappers for limits, retries, caps and caching."""

from rubricate.llm.ask import Asked, Problem, ask
from rubricate.llm.calls import Calls, CallSettings
from rubricate.llm.client import Client, Reply, Request, Token
from rubricate.llm.faults import Faults, FaultyClient
from rubricate.llm.limits import LimitSettings
from rubricate.llm.recordings import Recording, Replay
from rubricate.llm.scorers import CompletionScorer, Forced, ScriptedScorer, TokenLogs, TokenScorer
from rubricate.llm.scripted import JudgeScript, Rule, ScriptedClient

__all__ = [
    "Asked",
    "CallSettings",
    "Calls",
    "Client",
    "CompletionScorer",
    "Faults",
    "FaultyClient",
    "Forced",
    "JudgeScript",
    "LimitSettings",
    "Problem",
    "Recording",
    "Replay",
    "Reply",
    "Request",
    "Rule",
    "ScriptedClient",
    "ScriptedScorer",
    "Token",
    "TokenLogs",
    "TokenScorer",
    "ask",
]
