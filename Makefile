# Everything a checkout needs, from nothing but make and a Python from 3.10 on.
# `make` alone lists the targets; ARGS="..." reaches pytest: make test ARGS="-k codec -x".

VENV := .venv
BIN  := $(VENV)/bin
PIP  := $(BIN)/python -m pip install -qq --disable-pip-version-check
ARGS ?=

# The first Python that is new enough; say PYTHON=/path/to/python for another.
PYTHON ?= $(shell for p in python3 python3.14 python3.13 python3.12 python3.11 python3.10; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 10))' 2>/dev/null \
	&& command -v $$p && break; done)

# $(call debian,PACKAGE,REST): install PACKAGE where we may, else say so and go on with REST.
debian = if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
	apt-get update -q && \
	DEBIAN_FRONTEND=noninteractive apt-get install -yq --no-install-recommends $(1); \
	else echo "Missing: $(1). On Debian: sudo apt-get install $(1)" >&2; $(2); fi

.DEFAULT_GOAL := help
.PHONY: help demo demo-api test test-fast torture bench docs screenshots lint format types clean \
	chromium servers

help: ## this list
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/make \1|\2/p' Makefile | column -t -s '|' 2>/dev/null \
	|| sed -n 's/^\([a-z-]*\):.*## \(.*\)/make \1  \2/p' Makefile

demo: $(VENV)/.installed ## serve the example shop at http://127.0.0.1:5000
	$(BIN)/python -m flask --app examples/shop/app.py run --host 127.0.0.1 --port 5000

demo-api: $(VENV)/.installed-api ## serve the example API there; see examples/api/README.md
	$(BIN)/python -m flask --app examples/api/app.py run --host 127.0.0.1 --port 5000

test: $(VENV)/.installed-dev .cache/flask-sdist chromium servers ## all tests
	$(BIN)/python -m pytest $(ARGS)

test-fast: $(VENV)/.installed-dev ## the tests that start no servers and no browser
	$(BIN)/python -m pytest -m "not slow and not e2e and not torture" $(ARGS)

torture: $(VENV)/.installed-dev servers ## the long runs, and every property with many more examples
	$(BIN)/python -m pytest -m "torture or hypothesis" --hypothesis-profile=torture $(ARGS)

bench: $(VENV)/.installed-bench servers ## the benchmarks, beside Flask, Flask-Session and Django
	$(BIN)/python -m benchmarks $(ARGS)

docs: $(VENV)/.installed-docs ## the documentation, in docs/_build/html; each warning is an error
	$(BIN)/python -m sphinx -E -W --keep-going -b html docs docs/_build/html
	@echo "Open docs/_build/html/index.html"

screenshots: $(VENV)/.installed-dev chromium ## the pictures of our pages in docs/images, anew
	SCREENSHOTS=docs/images $(BIN)/python -m pytest tests/pages -m e2e $(ARGS)

lint: $(VENV)/.installed-dev ## ruff, rules and format
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

format: $(VENV)/.installed-dev ## let ruff put right what it can
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

types: $(VENV)/.installed-dev ## mypy, strict
	$(BIN)/mypy

clean: ## remove everything that can be made again
	rm -rf $(VENV) .cache .tox .hypothesis build dist *.egg-info examples/*/instance docs/_build
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# -- set-up: each step is done once, and again when setup.cfg changes ---------------------

$(BIN)/python:
	@test -n "$(PYTHON)" || { echo "No Python from 3.10 on was found: install one, or say" \
		"make PYTHON=/path/to/python" >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { $(call debian,python3-venv,exit 1); }
	$(PYTHON) -m venv $(VENV)

$(VENV)/.installed: setup.cfg | $(BIN)/python
	@echo "Installing into $(VENV) ..."
	$(PIP) --editable .
	@touch $@

$(VENV)/.installed-api: setup.cfg | $(BIN)/python
	@echo "Installing into $(VENV) ..."
	$(PIP) --editable '.[jwt]'
	@touch $@

$(VENV)/.installed-dev: setup.cfg | $(BIN)/python
	@echo "Installing into $(VENV) ..."
	$(PIP) --editable '.[test,extensions,style,typing]'
	@touch $@ $(VENV)/.installed

$(VENV)/.installed-bench: setup.cfg | $(BIN)/python
	@echo "Installing into $(VENV) ..."
	$(PIP) --editable '.[bench]'
	@touch $@ $(VENV)/.installed

$(VENV)/.installed-docs: setup.cfg | $(BIN)/python
	@echo "Installing into $(VENV) ..."
	$(PIP) --editable '.[docs]'
	@touch $@ $(VENV)/.installed

# The tests of the Flask that is installed, which must pass with our sessions in every app.
.cache/flask-sdist: $(VENV)/.installed-dev
	$(BIN)/python -m tests.support.flask_suite
	@touch $@

# The programs, not the services: tests that need a server of their own start one. Without
# them such tests are skipped, and named at the end of the run.
servers:
	@missing=""; \
	ls /usr/lib/postgresql/*/bin/postgres >/dev/null 2>&1 || missing="$$missing postgresql"; \
	for each in mariadbd:mariadb-server redis-server:redis-server memcached:memcached; do \
		command -v $${each%%:*} >/dev/null || test -x /usr/sbin/$${each%%:*} \
		|| missing="$$missing $${each##*:}"; done; \
	test -z "$$missing" || { $(call debian,$$missing,true); }

# Without a browser its tests are skipped, and named at the end of the run.
chromium:
	@test -x /usr/bin/chromium || { $(call debian,chromium,true); }
