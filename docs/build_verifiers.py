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
TAIL = """
## Your own

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
job starts each verifier is run once on an empty response, so it must be safe to call on one.

This page is written by `python docs/build_verifiers.py`.
"""


def table() -> str:
    """One row per verifier that the package brings: name, what it checks and returns, settings with their defaults."""
    rows = ["| name | value | settings |", "|---|---|---|"]
    for name, fn in registry.items("verifier"):
        if fn.__module__.startswith("rubricate.verifiers.") and "/" not in name:
            settings = list(inspect.signature(fn).parameters.values())[1:]
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
    return HEAD + table() + TAIL


if __name__ == "__main__":
    if "--show" in sys.argv:
        sys.stdout.buffer.write(page().encode())
    else:
        PAGE.write_text(page(), encoding="utf-8")
