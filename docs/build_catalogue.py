"""Write docs/catalogue.json, docs/catalogue.md and docs/parts.md from the recipes and the last claims run.

python docs/build_catalogue.py FOLDER_WITH_FIGURES
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from rubricate import registry
from rubricate.steps import Chain, Step

HERE = Path(__file__).parent


def rows(folder: Path) -> list[dict]:
    """One row per recipe: card, tier, figures."""
    found = {p.stem: json.loads(p.read_text()) for p in folder.glob("*.json")}
    table = []
    for name, entry in registry.items("recipe"):
        card, figures = entry.card, found.get(name)
        tier = "built" if figures is None else "checked" if figures["holds"] else "departs"
        table.append(
            {
                "no": card.no, "name": name, "system": card.system, "arxiv": card.arxiv, "tier": tier,
                "fit": card.fit, "evidence": card.evidence, "claim": card.claim, "check": card.check,
                "baseline": figures["baseline"] if figures else None, "ours": figures["ours"] if figures else None,
                "note": figures["note"] if figures else "", "departs": list(card.departs),
                "seconds": figures["seconds"] if figures else None,
                "group": entry.fn.__module__.rsplit(".", 1)[-1],
            }
        )  # fmt: skip
    return sorted(table, key=lambda r: (r["no"] == 0, r["no"], r["name"]))


def page(table: list[dict]) -> str:
    """The catalogue as Markdown."""
    tiers = {t: sum(r["tier"] == t for r in table) for t in ("checked", "departs", "built")}
    lines = [
        "# Catalogue of published systems",
        "",
        f"{len(table)} recipes: {tiers['checked']} checked (the claim holds in our check), {tiers['departs']} depart "
        f"(our check contradicts the claim; kept, with our figure), {tiers['built']} built (composition only).",
        "Written by `make claims`; toy worlds on a CPU show direction, they do not measure the papers again.",
        "`rubricate recipes show NAME` prints formula, settings and composition; NAME may be a number or an arXiv id.",
        "",
        "| no | recipe | system | arXiv | tier | claim | baseline | ours |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for r in table:
        claim = r["claim"].replace("|", "\\|")
        lines.append(
            f"| {r['no'] or '-'} | `{r['name']}` | {r['system']} | {r['arxiv'] or '-'} | {r['tier']} | {claim} "
            f"| {show(r['baseline'])} | {show(r['ours'])} |"
        )
    departs = [r for r in table if r["tier"] == "departs"]
    if departs:
        lines += ["", "## Claims that do not reproduce here", ""]
        lines += [f"- **{r['system']}** (`{r['name']}`): {r['note'] or '; '.join(r['departs'])}" for r in departs]
    return "\n".join(lines) + "\n"


def parts_of(value: object) -> set[str]:
    """Public names of the parts that a stage names."""
    if isinstance(value, Step):
        return {value.name}.union(*(parts_of(v) for _, v in value.settings))
    inner = value.steps if isinstance(value, Chain) else value if isinstance(value, tuple) else ()
    return set().union(*(parts_of(v) for v in inner))


def matrix() -> str:
    """Which recipes use which part, the most used first; the tail is the list to keep an eye on."""
    users: dict[str, list[str]] = {}
    for name, entry in registry.items("recipe"):
        for part in set().union(*(parts_of(stage) for stage in entry().stages.values())):
            users.setdefault(part, []).append(name)
    rows = sorted(users.items(), key=lambda item: (-len(item[1]), item[0]))
    alone = sum(len(names) == 1 for _, names in rows)
    lines = [
        "# Parts and the recipes that use them",
        "",
        f"{len(rows)} parts in recipes, {alone} of them in one recipe only (see decisions/0003).",
        "Written by `make claims`.",
        "",
        "| part | recipes | which |",
        "|---|---|---|",
        *(f"| `{part}` | {len(names)} | {', '.join(names)} |" for part, names in rows),
    ]
    return "\n".join(lines) + "\n"


def show(value: object) -> str:
    """A figure for the table."""
    if value is None:
        return ""
    return f"{value:.3g}" if isinstance(value, float) else str(value).replace("|", "\\|")


def main() -> None:
    """Write both files."""
    table = rows(Path(sys.argv[1]))
    (HERE / "catalogue.json").write_text(json.dumps(table, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    (HERE / "catalogue.md").write_text(page(table), encoding="utf-8")
    (HERE / "parts.md").write_text(matrix(), encoding="utf-8")
    print(
        f"{len(table)} systems; "
        + ", ".join(f"{t} {sum(r['tier'] == t for r in table)}" for t in ("checked", "departs", "built"))
    )


if __name__ == "__main__":
    main()
