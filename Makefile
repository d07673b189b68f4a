# The verbs of this project; CI calls these and nothing else.
PYTHON  ?= python3
VENV    ?= .venv
BIN     := $(VENV)/bin
# `make run LOGS='/path/*.log'` follows these instead of the demo's own.
LOGS    ?=
# Handed to pytest, as in `make test TESTS='tests/scan -x'`.
TESTS   ?= tests
# Of `make torture`: how long storms and histories last together, how often the daemon is killed, where chance begins.
SECONDS ?= 7200
KILLS   ?= 1000
SEED    ?=
# Handed to the benchmark, as in `make bench BENCH='scan follow'`.
BENCH   ?=
export LOGS
# What failed beside others is tried once more by itself, and takes its place in the table.
CONFORMANCE := $(BIN)/pytest tests/conformance --long --conformance-report docs/conformance.md

.DEFAULT_GOAL := help
.PHONY: help run test conformance torture check fix bench wheel venv clean

help: ## What there is
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "make %-11s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

run: $(VENV)/.run ## See it work; LOGS='/path/*.log' follows your own files
	@$(BIN)/logwatch demo $${LOGS:+--logs "$$LOGS"}

test: $(VENV)/.dev ## All tests that are not long, or those in TESTS=…
	$(BIN)/pytest -n auto $(TESTS)

conformance: $(VENV)/.dev ## Every scenario of the reader, the long ones too; writes docs/conformance.md
	$(CONFORMANCE) -n auto || $(CONFORMANCE) -n 0 --last-failed --last-failed-no-failures none

torture: $(VENV)/.dev ## Rotation storms, kill -9, random histories for hours; SECONDS=, KILLS=, SEED=
	@PYTHONPATH=tests $(BIN)/python -m torture --seconds $(SECONDS) --kills $(KILLS) $(if $(SEED),--seed $(SEED))

check: $(VENV)/.dev ## Style, types, import contracts
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports

fix: $(VENV)/.dev ## What can be put right by itself
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

bench: $(VENV)/.dev ## Speed and size; writes docs/performance.md; BENCH='scan follow' for parts
	$(BIN)/python -m bench $(BENCH)

wheel: $(VENV)/.dev ## A wheel that starts quickly, in dist/
	$(BIN)/python -m logwatch.catalogue.recall
	$(BIN)/pip wheel --quiet --disable-pip-version-check --no-deps --wheel-dir dist .
	@rm src/logwatch/seeds.kept

venv: $(VENV)/.dev ## The virtual environment with all tools

clean: ## Removes it, and what was built
	rm -rf $(VENV) build dist

# What runs needs no tools: a first look does not wait for a type checker.
$(VENV)/.run: pyproject.toml
	@$(PYTHON) -c 'import sys; sys.version_info >= (3, 11) or sys.exit("Python 3.11 or newer is needed: make PYTHON=python3.11 …")'
	@echo "Setting up $(VENV), once; it takes less than a minute."
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/pip install --quiet --disable-pip-version-check -e .
	@touch $@

$(VENV)/.dev: $(VENV)/.run
	@$(BIN)/pip install --quiet --disable-pip-version-check -e '.[dev]'
	@touch $@
