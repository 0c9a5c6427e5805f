"""Scripted clients and samples for the tests of judges that compare."""

import json

from rubricate.errors import CallError
from rubricate.llm.client import Reply
from rubricate.llm.scripted import read_prompt
from rubricate.rubrics import Rubric
from rubricate.types import Message, Sample

TASK = (Message("user", "Name a prime."),)
GOOD = Sample("good-id", TASK, "Seven is a prime.")
BAD = Sample("bad-id", TASK, "Eight is a prime, I am sure.")
RUBRIC = Rubric(
    id="r",
    criteria=[
        {"id": "true", "text": "Is true.", "weight": 3},
        {"id": "short", "text": "Is short."},
        {"id": "vain", "text": "Boasts.", "weight": -1},
    ],
)


class Client:
    """Answers with the listed texts (or raises the listed errors), and keeps the requests."""

    endpoint = "test"

    def __init__(self, *replies, finish="stop"):
        self.replies, self.requests, self.finish = list(replies), [], finish

    async def complete(self, request):
        self.requests.append(request)
        reply = self.replies.pop(0)
        if isinstance(reply, CallError):
            raise reply
        return reply if isinstance(reply, Reply) else Reply((reply,), (self.finish,))


def say(**verdicts):
    return json.dumps({"verdicts": [{"id": k, "reason": f"why {k}", "verdict": v} for k, v in verdicts.items()]})


def shown(request):
    """The texts of response A and response B."""
    blocks = dict(read_prompt(request).blocks)
    return blocks["response A"], blocks["response B"]


def prefers(*order):
    """A rule that prefers the response whose text comes first in ``order``, wherever it stands."""
    rank = {text: k for k, text in enumerate(order)}

    def rule(request):
        a, b = (rank[text] for text in shown(request))
        return say(whole="A" if a < b else "B" if b < a else "C")

    return rule
