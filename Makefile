# The verbs of this project. CI calls these and nothing else.
PYTHON ?= python3
VENV   ?= .venv
BIN    := $(VENV)/bin
LOGS   ?=

.PHONY: run test check venv bench fix clean

venv: $(VENV)/.ready

$(VENV)/.ready: pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check -e '.[dev]'
	touch $@

run: venv
	$(BIN)/logwatch demo $(if $(LOGS),--logs '$(LOGS)')

test: venv
	$(BIN)/pytest

check: venv
	$(BIN)/ruff check src tests
	$(BIN)/ruff format --check src tests
	$(BIN)/mypy
	$(BIN)/lint-imports

fix: venv
	$(BIN)/ruff check --fix src tests
	$(BIN)/ruff format src tests

bench: venv
	$(BIN)/python -m bench

clean:
	rm -rf $(VENV) build dist
