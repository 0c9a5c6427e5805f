"""Queries against private databases: partial scores, order, and every way out that SQLite has."""

import pytest

from rubricate.errors import DataError, SettingError
from rubricate.rubrics.model import Criterion
from rubricate.types import Sample, State
from rubricate.verifiers import decide
from rubricate.verifiers.sql import PARTS, sql

SETUP = """
CREATE TABLE tea(id INTEGER PRIMARY KEY, name TEXT, price REAL, kind INTEGER);
CREATE TABLE kind(id INTEGER PRIMARY KEY, label TEXT);
INSERT INTO tea VALUES (1, 'sencha', 4.5, 1), (2, 'assam', 3, 2), (3, 'oolong', NULL, 3), (4, 'ceylon', 3.0, 2);
INSERT INTO kind VALUES (1, 'green'), (2, 'black'), (3, 'blue');
"""
GOLD = "SELECT name FROM tea WHERE price > 2 ORDER BY name"
ALL = dict.fromkeys(PARTS, 1.0)


def run(query, expected=GOLD, **settings):
    return sql(Sample("a", (), f"```sql\n{query}\n```"), SETUP, expected, **settings)


def part(query, name, expected=GOLD, **settings):
    return run(query, expected, weights={name: 1.0}, **settings).value


@pytest.mark.parametrize(
    ("query", "expected", "match"),
    [
        (GOLD, GOLD, 1),
        ("select t.name from tea as t where t.price >= 3 order by 1", GOLD, 1),
        ("SELECT name FROM tea WHERE price > 2 ORDER BY name DESC", GOLD, 0),
        ("SELECT name FROM tea WHERE price > 2 ORDER BY name DESC", "SELECT name FROM tea WHERE price > 2", 1),
        ("SELECT name, id FROM tea WHERE price > 2 ORDER BY name", GOLD, 0),
        ("SELECT price FROM tea", "SELECT price * 1.0 FROM tea", 1),
        ("SELECT kind FROM tea", "SELECT DISTINCT kind FROM tea", 0),
        ("SELECT NULL", "SELECT 0", 0),
        ("SELECT '1'", "SELECT 1", 0),
        ("SELECT 1.0000001", "SELECT 1", 0),
        ("WITH k AS (SELECT id FROM kind WHERE label = 'black') SELECT name FROM tea WHERE kind IN k", "SELECT tea.name FROM tea JOIN kind ON kind.id = tea.kind WHERE label = 'black'", 1),
        ("SELECT 0.1 + 0.2 UNION ALL SELECT 5", "SELECT 5 UNION ALL SELECT 0.3", 1),
    ],
)  # fmt: skip
def test_matches(query, expected, match):
    assert run(query, expected).value == match


def test_partial_scores_by_hand():
    assert [part("SELECT name FROM tea", p) for p in PARTS] == pytest.approx([1, 1, 0, 2 / 3, 3 / 9])
    assert [part("SELECT nam FROM tea", p) for p in PARTS[:4]] == pytest.approx([1, 0, 0, 1 / 4])
    assert [part("SELEC name", p) for p in PARTS[:4]] == [0, 0, 0, 0]
    mixed = run("SELECT name FROM tea", weights={"match": 3, "executes": 1, "schema": 1})
    assert mixed.value == pytest.approx((0 + 1 + 2 / 3) / 5)
    assert "other rows than expected (4 found, 3 expected)" in mixed.reason


def test_a_better_query_never_scores_less():
    ladder = ["SELEC", "SELECT x FROM y", "SELECT nam FROM tea", "SELECT name FROM tea WHERE price > 9", GOLD]
    scores = [run(q, weights=ALL).value for q in ladder]
    assert scores == sorted(scores)
    assert len(set(scores)) == 5


ATTACKS = {
    "attach": "ATTACH '/tmp/x.db' AS x",
    "pragma": "PRAGMA writable_schema = 1",
    "pragma as a table": "SELECT * FROM pragma_database_list",
    "drop": "DROP TABLE tea",
    "two statements": f"{GOLD}; DROP TABLE tea",
    "insert": "INSERT INTO tea VALUES (9, 'x', 1, 1) RETURNING name",
    "delete": "DELETE FROM tea RETURNING name",
    "vacuum into": "VACUUM INTO '/tmp/x.db'",
    "extension": "SELECT load_extension('/tmp/x.so')",
    "schema table": "SELECT sql FROM sqlite_master",
    "write file": "SELECT writefile('/tmp/x', 'y')",
    "read file": "SELECT readfile('/etc/passwd')",
    "temporary table": "CREATE TEMP TABLE x AS SELECT 1",
    "endless": "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c) SELECT count(*) FROM c",
    "endless rows": "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c) SELECT x FROM c",
    "huge value": "SELECT zeroblob(900000000)",
    "huge text": "SELECT group_concat(hex(zeroblob(400000)), '') FROM tea",
    "deep": "SELECT " + "(" * 3000 + "1" + ")" * 3000,
    "long": "SELECT 1 " + "+ 1" * 9000,
    "cross join": "SELECT count(*) FROM " + ", ".join(f"tea t{k}" for k in range(16)),
    "bytes": "SELECT '\x00'; --",
}


@pytest.mark.parametrize("name", ATTACKS)
def test_attacks_neither_execute_nor_match(name):
    outcome = run(ATTACKS[name], weights={"executes": 1, "match": 1}, steps=200_000)
    assert outcome.value == 0.0
    assert outcome.reason


def test_control_the_attack_runs_without_the_guard():
    import sqlite3

    base = sqlite3.connect(":memory:")
    base.executescript(SETUP)
    assert base.execute(ATTACKS["delete"]).fetchall()
    assert base.execute(ATTACKS["schema table"]).fetchall()
    base.close()


def test_all_databases_must_match():
    other = SETUP.replace("4.5", "1.5")
    query, say = "SELECT name FROM tea WHERE price > 2", Sample("a", (), "SELECT name FROM tea WHERE price IS NOT NULL")
    assert sql(say, SETUP, query).value == 1.0
    assert sql(say, [SETUP, other], query).value == 0.0


def test_an_empty_expected_result_says_nothing():
    nothing = "SELECT name FROM tea WHERE price > 100"
    assert run("SELECT name FROM tea WHERE price > 200", nothing).value is None
    assert run("SELECT name FROM tea WHERE price > 200", nothing, allow_empty=True).value == 1.0
    assert part("SELECT name FROM tea", "executes", nothing) == 1.0


def test_a_broken_expected_query_is_an_error_of_the_rubric():
    for expected in ("SELECT x FROM y", "SELEC"):
        with pytest.raises(DataError, match="the expected query"):
            run(GOLD, expected)
    criterion = Criterion(id="c", text="x", verifier={"name": "sql", "setup": "CREATE", "expected": GOLD})
    assert decide(Sample("a", (), GOLD), criterion).state is State.FAILED


@pytest.mark.parametrize(
    "bad", [{"weights": {"best": 1}}, {"weights": {}}, {"weights": {"match": -1}}, {"weights": {"match": 0}}, {"steps": 1}]
)  # fmt: skip
def test_bad_settings_are_refused(bad):
    with pytest.raises(SettingError):
        run(GOLD, **bad)


def test_the_reference_serves_and_no_query_is_no_match():
    assert sql(Sample("a", (), GOLD, reference=f"```sql\n{GOLD}\n```"), SETUP).value == 1.0
    assert sql(Sample("a", (), GOLD), SETUP).value is None
    assert sql(Sample("a", (), "```python\nx\n```"), SETUP, GOLD).value == 0.0
