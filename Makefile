# `make` lists the targets. Each sets up what it needs: a fresh clone only needs Python >= 3.11, make and git.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed

.DEFAULT_GOAL := help
.PHONY: help test test-slow lint demo claims docs bench clean

help:  ## list the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 14

$(STAMP): pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install -q --disable-pip-version-check -e '.[dev]'
	@touch $@

test: $(STAMP) lint  ## set up, lint, run the tests
	$(BIN)/python -m pytest -n 2 -m 'not slow and not claim'

test-slow: $(STAMP)  ## tests over whole data sets, kills and resumes
	$(BIN)/python -m pytest -n 2 -m slow

lint: $(STAMP)  ## ruff and mypy
	$(BIN)/ruff check src tests benchmarks examples
	$(BIN)/ruff format --check src tests benchmarks examples
	$(BIN)/mypy

clean:  ## remove the environment and what runs wrote
	rm -rf $(VENV) runs .pytest_cache .mypy_cache .ruff_cache
