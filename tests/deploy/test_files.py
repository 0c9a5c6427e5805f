"""What the container file, the systemd unit and the Ray Serve application name is there: commands, options, paths."""

import ast
import configparser
import json
import re
import shlex
import subprocess
import sys
import tomllib
from pathlib import Path

import typer.main

from rubricate.cli.app import app
from rubricate.cli.serve import KEYS

ROOT = Path(__file__).resolve().parents[2]
DEPLOY = ROOT / "deploy"
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
COMMANDS = typer.main.get_command(app).commands


def options_of(words):
    """The options of ``rubricate serve`` in a command line, after checking that it is such a command."""
    assert words[:2] == ["rubricate", "serve"]
    assert "rubricate" in PROJECT["scripts"]
    named = [w.partition("=")[0] for w in words[2:] if w.startswith("--")]
    known = {o for p in COMMANDS["serve"].params for o in p.opts}
    assert set(named) <= known, set(named) - known
    return dict(zip(words, words[1:], strict=False))


def instructions():
    """(word, rest) of each instruction of the container file."""
    text = (DEPLOY / "Containerfile").read_text().replace("\\\n", " ")
    lines = [line.strip() for line in text.splitlines() if line.strip() and not line.startswith("#")]
    return [tuple(line.split(None, 1)) for line in lines]


def test_the_container_installs_known_extras_and_runs_a_known_command():
    found = dict(instructions())
    assert next(word for word, _ in instructions()) == "FROM"
    version = re.fullmatch(r"python:3\.(\d+)-slim", found["FROM"]).group(1)
    assert f"Programming Language :: Python :: 3.{version}" in PROJECT["classifiers"]
    extras = re.search(r'"/src\[([\w,]+)\]"', found["RUN"]).group(1).split(",")
    assert set(extras) <= set(PROJECT["optional-dependencies"])
    assert found["COPY"] == ". /src"
    command = json.loads(found["ENTRYPOINT"])
    assert options_of(command)["--port"] == found["EXPOSE"]
    assert f"127.0.0.1:{found['EXPOSE']}/healthz" in found["HEALTHCHECK"]
    (rubrics,) = json.loads(found["CMD"])
    head = (DEPLOY / "Containerfile").read_text().split("FROM")[0]
    assert f":{rubrics}:ro" in head  # the comment mounts what the command reads
    assert KEYS in head
    user = next(rest.split()[-1] for word, rest in instructions() if word == "RUN" and "useradd" in rest)
    assert found["USER"] == user != "root"


def test_the_health_check_of_the_container_is_a_program_that_fails_without_a_server():
    check = shlex.split(dict(instructions())["HEALTHCHECK"].removeprefix("CMD "))
    assert check[:2] == ["python", "-c"]
    dead = check[2].replace("8080", "9")
    assert subprocess.run([sys.executable, "-c", dead], capture_output=True, check=False).returncode != 0


def unit():
    parser = configparser.ConfigParser(interpolation=None, strict=True)
    parser.optionxform = str
    parser.read_string((DEPLOY / "rubricate.service").read_text().replace("\\\n", " "))
    return parser


def test_the_unit_runs_a_known_command_and_leaves_it_time_to_end():
    service = unit()["Service"]
    words = shlex.split(service["ExecStart"])
    assert Path(words[0]).is_absolute()
    options = options_of([Path(words[0]).name, *words[1:]])
    assert int(service["TimeoutStopSec"]) > int(options["--grace"])
    assert options["--log"].startswith(f"/var/lib/{service['StateDirectory']}/")
    assert service["KillSignal"] == "SIGTERM"
    assert KEYS in (DEPLOY / "rubricate.service").read_text()
    assert Path(words[2]).parent == Path(service["EnvironmentFile"]).parent  # rubrics and environment in one folder
    assert unit()["Install"]["WantedBy"] == "multi-user.target"


def test_the_ray_application_imports_names_that_there_are():
    import rubricate
    import rubricate.serve
    import rubricate.serve.guard

    tree = ast.parse((DEPLOY / "ray_serve.py").read_text())
    places = {m.__name__: m for m in (rubricate, rubricate.serve, rubricate.serve.guard)}
    named = [(n.module, a.name) for n in ast.walk(tree) if isinstance(n, ast.ImportFrom) for a in n.names]
    ours = [(module, name) for module, name in named if module.startswith("rubricate")]
    assert ours
    assert all(hasattr(places[module], name) for module, name in ours)
    assert "serve run deploy.ray_serve:app" in ast.get_docstring(tree)
    assert any(isinstance(n, ast.Assign) and n.targets[0].id == "app" for n in tree.body)
