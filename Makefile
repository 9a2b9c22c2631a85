# Two commands do everything: `make demo` and `make test`. Set-up happens on the way.
PYTHON ?= $(shell for p in python3.11 python3.12 python3.13 python3; do command -v $$p && break; done)
VENV := .venv
JOBS ?= 2
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
# The encoders that tests share, in pytest's cache; made while `lint` runs, where make may do two things at once.
ENCODERS := .pytest_cache/d/encoders
export HF_HUB_OFFLINE ?= 1
export DO_NOT_TRACK ?= 1
export PREFECT_SERVER_ANALYTICS_ENABLED ?= false
export TOKENIZERS_PARALLELISM ?= false

.DEFAULT_GOAL := help
.PHONY: help setup demo test test-quick test-all lint format docs clean

help: ## show the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-11s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: $(STAMP) ## install everything into .venv

$(STAMP): pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --upgrade pip
	$(BIN)/pip install --quiet -c constraints.txt --editable '.[dev]'
	touch $@

demo: $(STAMP) ## the whole loop on Python's own documentation, then the service stays up
	$(BIN)/whetstone demo $(ARGS)

# As many workers as cores: more threads in each would only wait for one another.
test test-quick test-all: export OMP_NUM_THREADS ?= 1

test: $(STAMP) lint $(ENCODERS) ## lint and the tests, as CI runs them
	$(BIN)/pytest -m "not slow" -n $(JOBS) --dist worksteal

test-quick: $(STAMP) ## the tests that take seconds
	$(BIN)/pytest -m "not heavy and not slow" -n $(JOBS)

test-all: $(STAMP) lint $(ENCODERS) ## every test, also those too long for CI
	$(BIN)/pytest -n $(JOBS) --dist worksteal

$(ENCODERS): | $(STAMP)
	$(BIN)/python -c "from rag.adapters.models.encoders import EncoderFolder as E; from pathlib import Path as P; E(P('$@')).resolve('static')"

lint: $(STAMP) ## ruff, strict types, import contracts
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(STAMP) ## let ruff put the code in order
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

docs: $(STAMP) ## write the reference pages that follow from the code
	$(BIN)/python -m flows.reference

clean: ## remove the environment and the caches, keep var/
	rm -rf $(VENV) build dist .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
