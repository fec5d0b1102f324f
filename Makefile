# Conveniences; none is needed. PYTHON=... chooses the interpreter that makes .venv.
PYTHON ?= python3
BIN := .venv/bin

.DEFAULT_GOAL := help
.PHONY: help check lint test demo bench lock docs clean

help:  ## Say what there is
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## /\1|/' | \
	  awk -F'|' '{printf "  make %-7s %s\n", $$1, $$2}'

$(BIN)/pytest: requirements-test.lock
	$(PYTHON) -m venv .venv
	$(BIN)/pip install -q -r requirements-test.lock
	$(BIN)/pip install -q --no-deps -e .
	@touch $@

check: lint test  ## What CI runs: formatting, types, floors, tests

lint: $(BIN)/pytest  ## Only ruff, mypy and import-linter
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

test: $(BIN)/pytest  ## Only the tests; ARGS="-k name" chooses
	$(BIN)/python -m pytest $(ARGS)

demo: $(BIN)/pytest  ## Invent a company, train on it, serve scores
	$(BIN)/foresell demo

bench: $(BIN)/pytest  ## Measure: every script in benchmarks/
	$(BIN)/pip install -q -e '.[bench]'
	set -e; for script in benchmarks/*.py; do echo "== $$script"; $(BIN)/python $$script --json; done

lock:  ## Pin all dependencies again (needs uv)
	uv pip compile -q --universal --generate-hashes --python-version 3.11 --no-emit-index-url --no-emit-find-links \
	  --no-annotate --custom-compile-command "make lock" pyproject.toml -o requirements.lock
	uv pip compile -q --universal --generate-hashes --python-version 3.11 --no-emit-index-url --no-emit-find-links \
	  --no-annotate --custom-compile-command "make lock" -c requirements.lock pyproject.toml --extra test \
	  -o requirements-test.lock
	echo 'pyspark>=4.3' | uv pip compile -q --universal --generate-hashes --python-version 3.11 --no-emit-index-url \
	  --no-emit-find-links --no-annotate --custom-compile-command "make lock" -c requirements-test.lock - \
	  -o requirements-spark.lock

docs: $(BIN)/pytest  ## Write the pages that come from the code
	$(BIN)/python docs/generate.py

clean:  ## Remove the environment and all caches
	rm -rf .venv build dist .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
