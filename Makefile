# Thalweg: every task by name. Nothing but Python 3.11 with venv is needed for `install`, `demo` and `test`.

PYTHON ?= python3.11
BIN := .venv/bin
PIP := $(BIN)/pip --quiet --disable-pip-version-check install
STAMP := .venv/.installed
IN_PARALLEL := --numprocesses 2 --dist loadfile
BESIDE_SERVERS := --numprocesses 3 --dist worksteal # they wait more than they work
UV_VERSION := 0.13.9
COMPILE = .lock/bin/uv pip compile --quiet --no-config --universal --python-version 3.11 --generate-hashes \
	--no-emit-index-url --no-header --no-annotate

.DEFAULT_GOAL := help
.PHONY: help install demo test test-kafka test-faults bench lint fmt docs lock clean

help: ## list the tasks
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

install: $(STAMP) ## make .venv from the lock, with this checkout in it

$(STAMP): requirements/build.lock requirements/all.lock pyproject.toml
	$(PYTHON) -m venv .venv
	$(PIP) --require-hashes -r requirements/build.lock
	$(PIP) --require-hashes --no-build-isolation -r requirements/all.lock
	$(PIP) --no-deps --no-build-isolation --editable .
	@touch $@

demo: $(STAMP) ## simulate a shop's traffic, run everything on it embedded, show what came out
	$(BIN)/thalweg demo

test: $(STAMP) ## the tests that run embedded
	$(BIN)/pytest $(IN_PARALLEL)

test-kafka: $(STAMP) ## the tests on Apache Kafka, a ClickHouse server and a browser (needs Java 17, Maven, Chromium, apt)
	$(BIN)/pytest $(BESIDE_SERVERS) -m kafka

test-faults: $(STAMP) ## every fault in full, for hours, and the page that tells of them
	rm -f build/faults.jsonl
	-$(BIN)/python -m tests.faults --out build/faults.jsonl
	-$(BIN)/python -m tests.faults.courses --out build/faults.jsonl
	cp build/faults.jsonl docs/reliability.jsonl
	$(BIN)/python -m tests.pages

bench: $(STAMP) ## events/s and CPU per event of the workers beside the bare loop, into bench.json
	$(BIN)/python -m tests.bench

lint: $(STAMP) ## ruff, mypy --strict, import contracts
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports

fmt: $(STAMP) ## format and mend what ruff can mend
	$(BIN)/ruff format
	$(BIN)/ruff check --fix

docs: $(STAMP) ## write the pages that are made from code
	$(BIN)/python -m tests.pages

lock: ## make the lock files anew, with the newest versions pyproject.toml allows
	$(PYTHON) -m venv .lock
	.lock/bin/pip --quiet --disable-pip-version-check install uv==$(UV_VERSION)
	$(COMPILE) --upgrade pyproject.toml --extra embedded --extra models --extra dev -o requirements/all.lock
	$(COMPILE) --upgrade pyproject.toml -c requirements/all.lock -o requirements/worker.lock
	$(COMPILE) --upgrade pyproject.toml --extra models -c requirements/all.lock -o requirements/models.lock
	$(COMPILE) --upgrade requirements/build.in -o requirements/build.lock
	rm -rf .lock

clean: ## remove everything that make made
	rm -rf .venv .lock demo build dist bench.json .mypy_cache .pytest_cache .ruff_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
