# Two commands for a newcomer: `make demo` and `make test`. Both install what they need.

PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed

.PHONY: demo test lint check bench chaos coverage clean

demo: $(INSTALLED)
	$(BIN)/gateway demo

test: $(INSTALLED)
	$(BIN)/pytest

# The menus that ship here are held to what every agency's are held to.
check: $(INSTALLED)
	$(BIN)/gateway check --strict
	$(BIN)/gateway test

lint: $(INSTALLED)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

coverage: $(INSTALLED)
	$(BIN)/coverage erase
	$(BIN)/coverage run -m pytest
	$(BIN)/coverage combine -q
	$(BIN)/coverage report

bench: $(INSTALLED)
	$(BIN)/python -m bench

# Workers killed hundreds of times, and Redis with them, while thousands of messages pass.
chaos: $(INSTALLED)
	$(BIN)/python -m tests.messaging.chaos --messages 4000 --kills 300
	$(BIN)/python -m tests.messaging.chaos --messages 2000 --kills 100 --redis-kills 25

$(INSTALLED): pyproject.toml constraints.txt
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed: make PYTHON=python3.11")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[dev]'
	touch $@

clean:
	rm -rf $(VENV) .coverage .coverage.* .mypy_cache .ruff_cache .hypothesis
