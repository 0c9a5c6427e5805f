"""Likelihoods of given text from a script and from completions endpoints, with every way in which those fail."""

import asyncio
import re
import threading

import numpy as np
import pytest
from aiohttp import web

from rubricate.errors import CallError, MissingExtraError, SettingError, ShapeError
from rubricate.llm.client import Reply, Token
from rubricate.llm.http import HttpClient
from rubricate.llm.local import LocalScorer
from rubricate.llm.scorers import CompletionScorer, Forced, ScriptedScorer, TokenScorer, ragged
from rubricate.llm.scripted import ScriptedClient

NAN = float("nan")
ITEM = Forced("Is it good?", " yes it is")


def score(scorer, *items, top=0):
    return asyncio.run(scorer.logprobs(items or (ITEM,), top=top))


def echo(words, top=2, cut=None):
    """A client that reads the prompt back as ``words`` (a pattern), the k-th token with log-probability -k / 10."""

    def reply(request):
        prompt = request.messages[0].content
        texts = [*re.findall(words, prompt), " !"][slice(None, cut)]
        tokens = tuple(
            Token(t, NAN if k == 0 else -k / 10, tuple((f"t{j}", -j - 0.5) for j in range(top)))
            for k, t in enumerate(texts)
        )
        return Reply((prompt + " !",), tokens=(tokens,))

    return ScriptedClient(reply)


def test_a_script_answers_from_a_table_or_a_rule():
    table = ScriptedScorer({tuple(ITEM): [-0.5, -1.0]})
    assert isinstance(table, TokenScorer)
    assert score(table)[0].total == -1.5
    lost = score(table, ITEM, Forced("other", "x"))[1]
    assert isinstance(lost, CallError)
    assert "no log-probabilities for the target 'x'" in str(lost)
    assert score(ScriptedScorer(lambda p, t: [-len(t)]))[0].total == -len(ITEM.target)
    for bad in ([0.5], [NAN], [[-1.0]]):
        with pytest.raises(ShapeError):
            score(ScriptedScorer(lambda p, t, bad=bad: bad))
    with pytest.raises(SettingError):
        score(table, top=3)


def test_ragged_keeps_an_error_as_missing():
    logp, off = ragged(score(ScriptedScorer({tuple(ITEM): [-0.5, -1.0]}), ITEM, Forced("a", "b")))
    np.testing.assert_array_equal(logp, [-0.5, -1.0, NAN])
    assert off.tolist() == [0, 2, 3]
    assert ragged([])[1].tolist() == [0]


def test_the_tokens_of_the_target_are_cut_out_of_the_echo():
    scorer = CompletionScorer(echo(r"\s?\w+|\?"))
    answer = score(scorer)[0]
    np.testing.assert_allclose(answer.logp, [-0.4, -0.5, -0.6])
    assert answer.top is None
    assert answer.usage.calls == 1
    np.testing.assert_allclose(score(scorer, top=2)[0].top, [[-0.5, -1.5]] * 3)


def problem(client, item=ITEM, top=0):
    found = score(CompletionScorer(client), item, top=top)[0]
    assert isinstance(found, CallError)
    return found


def test_an_endpoint_that_ignores_the_request_is_an_error_that_says_what_to_do():
    silent = problem(ScriptedClient(lambda r: "sure!"))
    assert "did not read the prompt back" in str(silent)
    assert "vLLM or llama.cpp" in str(silent)
    only_generated = ScriptedClient(lambda r: Reply((" x",), tokens=((Token(" x", -0.1),),)))
    assert "did not read the prompt back" in str(problem(only_generated))


def test_a_token_across_the_splice_is_refused_not_guessed():
    found = problem(echo(r"\s?\w+|\?"), Forced("Is it go", "od? yes"))
    assert found.state == "unreadable"
    assert "across an end of the target" in str(found)
    assert problem(echo(r"\?\s\w+|\s?\w+")).state == "unreadable"
    assert problem(echo(r".+", cut=1)).state == "unreadable"


def test_characters_split_over_tokens_missing_numbers_and_short_tops_are_told_apart():
    split = ScriptedClient(lambda r: Reply(("x",), tokens=((Token("\ufffd", -1.0), Token("\ufffd", -1.0)),)))
    assert "split over tokens" in str(problem(split))
    hole = echo(r"\s?\w+|\?")
    rule = hole.rules[0]
    hole.rules = (
        lambda r: Reply(
            ("x",), tokens=(tuple(t if k != 5 else Token(t.text, NAN) for k, t in enumerate(rule(r).tokens[0])),)
        ),
    )
    assert "left out the log-probability" in str(problem(hole))
    assert "fewer than 5" in str(problem(echo(r"\s?\w+|\?"), top=5))
    assert "empty target" in str(problem(echo(r"\s?\w+|\?"), Forced("a", "")))


def test_a_failing_call_costs_its_own_item_only():
    client = echo(r"\s?\w+|\?")
    rule = client.rules[0]

    def sometimes(request):
        if "bad" in request.messages[0].content:
            raise CallError("down", state="timed_out")
        return rule(request)

    client.rules = (sometimes,)
    lost, fine = score(CompletionScorer(client), Forced("a bad", " one"), Forced("a good", " one"))
    assert lost.state == "timed_out"
    assert fine.logp.tolist() == [-0.2]


class Completions:
    """A server whose /v1/completions answers with ``choice(body)``."""

    def __init__(self, choice):
        self.choice, self.bodies, self.ready = choice, [], threading.Event()
        self.thread = threading.Thread(target=lambda: asyncio.run(self.serve()), daemon=True)

    async def serve(self):
        async def reply(request):
            body = await request.json()
            self.bodies.append(body)
            return web.json_response({"choices": [self.choice(body)], "usage": {"prompt_tokens": 7}})

        app = web.Application()
        app.router.add_post("/v1/completions", reply)
        runner = web.AppRunner(app)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        self.url = f"http://127.0.0.1:{runner.addresses[0][1]}/v1"
        self.loop, self.stop = asyncio.get_running_loop(), asyncio.Event()
        self.ready.set()
        await self.stop.wait()
        await runner.cleanup()

    def __enter__(self):
        self.thread.start()
        self.ready.wait()
        return self

    def __exit__(self, *_):
        self.loop.call_soon_threadsafe(self.stop.set)
        self.thread.join()


def pieces(body):
    return [*re.findall(r"\s?\w+|\?", body["prompt"]), " !"]


def echoed(body):
    texts = pieces(body)
    values = [None, *(-k / 10 for k in range(1, len(texts)))]
    tops = [None, *({"a": -0.5, "b": -1.5} for _ in texts[1:])]
    logs = {"tokens": texts, "token_logprobs": values, "top_logprobs": tops, "text_offset": [0] * len(texts)}
    return {"text": body["prompt"] + " !", "logprobs": logs, "finish_reason": "length"}


def prompt_logprobs(body):
    rows = [{str(k): {"logprob": -k / 10, "decoded_token": t, "rank": 1}, "9": {"logprob": -0.01, "decoded_token": "z"}}
            for k, t in enumerate(pieces(body)[:-1])]  # fmt: skip
    return {"text": " !", "prompt_logprobs": [None, *rows[1:]]}


@pytest.mark.parametrize(("style", "choice"), [("echo", echoed), ("prompt_logprobs", prompt_logprobs)])
def test_over_http_in_both_styles(style, choice):
    with Completions(choice) as server:
        scorer = CompletionScorer(HttpClient(server.url, "tiny"), style)
        answer = score(scorer, top=1)[0]
        np.testing.assert_allclose(answer.logp, [-0.4, -0.5, -0.6])
        np.testing.assert_allclose(answer.top[:, 0], -0.5 if style == "echo" else -0.01)
        assert answer.usage.prompt_tokens == 7
        sent = server.bodies[0]
        assert sent["prompt"] == ITEM.prefix + ITEM.target
        assert "messages" not in sent
        assert sent["max_tokens"] == 1
        assert style in sent
        assert scorer.name == f"{server.url} tiny"


def test_over_http_a_server_that_ignores_echo_is_found_out():
    with Completions(lambda body: {"text": " !", "finish_reason": "length"}) as server:
        found = score(CompletionScorer(HttpClient(server.url, "tiny")))[0]
        assert "LocalScorer.load" in str(found)


def test_a_server_that_refuses_the_field_says_so_and_what_to_do():
    def refuses(request):
        raise CallError("HTTP 422: unexpected fields", status=422, hint="Look there")

    found = score(CompletionScorer(ScriptedClient(refuses), "prompt_logprobs"))[0]
    assert "422" in str(found)
    assert "Look there. Serve the model with vLLM" in str(found)


def test_other_styles_and_a_missing_extra_are_refused(monkeypatch):
    with pytest.raises(SettingError, match="echo"):
        CompletionScorer(ScriptedClient(lambda r: "x"), "chat")
    monkeypatch.setitem(__import__("sys").modules, "transformers", None)
    with pytest.raises(MissingExtraError, match=r"rubricate\[local\]"):
        LocalScorer.load("nowhere")
