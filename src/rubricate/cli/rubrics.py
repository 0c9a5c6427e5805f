"""Commands on rubric files: lint, lock, diff, render, merge, convert, schema, policies."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from rubricate.rubrics.model import Rubric

File = Annotated[Path, typer.Argument(help="Rubric file.")]
Files = Annotated[list[Path], typer.Argument(help="Rubric files.")]
To = Annotated[Path | None, typer.Option("--to", help="File to write; without it the terminal.")]


def lint(
    files: Files,
    format: Annotated[str | None, typer.Option(help="Read the files with an importer.")] = None,
    strict: Annotated[bool, typer.Option(help="Exit with 1 on warnings too.")] = False,
) -> None:
    """Check rubrics for mistakes: rule, place, reason, repair. Exit code 1 when there are errors."""
    from rubricate.report.terminal import print_findings
    from rubricate.rubrics.lint import lint as check

    worst = 0
    for path in files:
        for rubric in _read(path, format):
            findings = check(rubric)
            print_findings(path, rubric, findings)
            worst = max([worst, *({"error": 2, "warning": 1, "info": 0}[f.severity] for f in findings)])
    if worst == 2 or (strict and worst == 1):
        raise typer.Exit(1)


def lock(file: File, undo: Annotated[bool, typer.Option(help="Remove the lock.")] = False) -> None:
    """Lock the rubrics in a file: a later change of what they judge is refused until they are locked again."""
    from rubricate.rubrics.io import read_rubrics, write_rubrics
    from rubricate.rubrics.lock import lock as locked
    from rubricate.rubrics.lock import unlock

    rubrics = [unlock(r) if undo else locked(r) for r in read_rubrics(file)]
    write_rubrics(rubrics, file)
    for rubric in rubrics:
        typer.echo(f"{rubric.id}  {'unlocked' if undo else rubric.locked}")


def diff(old: File, new: File) -> None:
    """What changed between two rubric files, and what that does to the score."""
    from rubricate.rubrics.diff import diff as compare
    from rubricate.rubrics.io import read_rubrics

    before, after = ({r.id: r for r in read_rubrics(p)} for p in (old, new))
    if len(before) == len(after) == 1:
        typer.echo(compare(*before.values(), *after.values()).render())
        return
    for name in dict.fromkeys([*before, *after]):
        if name in before and name in after:
            typer.echo(compare(before[name], after[name]).render())
        else:
            typer.echo(f"{name}: {'removed' if name in before else 'added'}")


def render(
    file: File,
    prompt: Annotated[bool, typer.Option("--prompt", help="As a judge sees it, not Markdown.")] = False,
    to: To = None,
) -> None:
    """Show rubrics as Markdown for people, or as text for prompts."""
    from rubricate.rubrics.io import read_rubrics
    from rubricate.rubrics.render import markdown, prompt_list

    parts = [prompt_list(r.leaves) if prompt else markdown(r) for r in read_rubrics(file)]
    _write("\n\n".join(parts), to)


def merge(
    files: Files,
    id: Annotated[str, typer.Option(help="Id of the merged rubric.")],
    on_conflict: Annotated[str, typer.Option(help="error, first or rename.")] = "error",
    to: To = None,
) -> None:
    """Merge rubrics into one: equal criteria once, ids kept apart."""
    from rubricate.rubrics.io import dumps, read_rubrics
    from rubricate.rubrics.merge import merge as join

    merged = join(*(r for p in files for r in read_rubrics(p)), id=id, on_conflict=on_conflict)  # type: ignore[arg-type]
    _write(dumps(merged.rubric, _format(to)), to)


def convert(
    file: File,
    format: Annotated[str | None, typer.Option("--from", help="Importer: healthbench, prbench, biggen, ...")] = None,
    export: Annotated[str | None, typer.Option("--as", help="Exporter: healthbench, rar, openai_graders, ...")] = None,
    to: To = None,
) -> None:
    """Read rubrics in one format and write them in another (.yaml .json .toml .jsonl, or a benchmark's own)."""
    import json

    from rubricate.rubrics.io import dumps, write_rubrics

    rubrics = _read(file, format)
    if export is not None:
        from rubricate.rubrics.exporters import export as convert_one

        _write("\n".join(json.dumps(convert_one(export, r), ensure_ascii=False) for r in rubrics), to)
    elif to is not None:
        write_rubrics(rubrics, to)
        typer.echo(f"{len(rubrics)} rubrics in {to}")
    else:
        typer.echo("\n---\n".join(dumps(r, "yaml") for r in rubrics))


def schema(to: To = None) -> None:
    """The JSON Schema of rubric files."""
    import json

    from rubricate.rubrics.io import json_schema

    _write(json.dumps(json_schema(), indent=2), to)


def policies(name: Annotated[str | None, typer.Argument(help="One policy, in full.")] = None) -> None:
    """List the scoring policies, or show one with its formula and source."""
    import inspect

    from rubricate import registry

    if name is not None:
        typer.echo(inspect.getdoc(registry.lookup("policy", name)))
        return
    for key, policy in registry.items("policy"):
        typer.echo(f"{key:22} {(inspect.getdoc(policy) or '').splitlines()[0]}")


def _read(path: Path, format: str | None) -> list[Rubric]:
    if format is None:
        from rubricate.rubrics.io import read_rubrics

        return read_rubrics(path)
    from rubricate.rubrics.importers import import_file

    return [item.rubric for item in import_file(format, path)]


def _format(to: Path | None) -> str:
    return to.suffix.lstrip(".") if to is not None else "yaml"


def _write(text: str, to: Path | None) -> None:
    if to is None:
        typer.echo(text)
        return
    from rubricate.files import write_atomic

    write_atomic(to, text if text.endswith("\n") else text + "\n")
    typer.echo(f"wrote {to}")
