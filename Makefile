# Every target sets itself up: the first call makes .venv and installs, later calls find it there.
# Any Python that the pinned set supports; one that is on the path but does not run is passed over.
PYTHON ?= $(shell for name in python3.11 python3.12 python3.13 python3.14 python3 python; do \
	$$name -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 15))' 2>/dev/null && echo $$name && break; done)
VENV := .venv
RUN := $(VENV)/bin/python

.DEFAULT_GOAL := help

help:  ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  %-18s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

$(VENV)/.installed: pyproject.toml requirements.lock
	@test -n "$(PYTHON)" || { echo "error: no Python from 3.11 to 3.14 on the path; name one: make PYTHON=/path/to/python"; exit 2; }
	$(PYTHON) -m venv $(VENV)
	$(VENV)/bin/pip install --quiet --requirement requirements.lock
	$(VENV)/bin/pip install --quiet --no-deps --editable .
	touch $@

python:  ## Print the Python that make uses
	@echo $(PYTHON)

setup: $(VENV)/.installed  ## Make .venv and install everything into it

eval: setup  ## Run the main job on the miniature: prompts to table
	$(RUN) jobs/eval_i2p.py

nightly: setup  ## Run tonight's regression on the miniature
	$(RUN) jobs/nightly_regression.py

test: setup  ## Run all tests
	$(RUN) -m pytest -q -n 2 --dist loadgroup --durations 30

quick: setup  ## Run the tests that need no cluster and no training, in two minutes
	$(RUN) -m pytest -q -n 2 --dist loadgroup -m "not ray and not slow"

check: setup  ## Lint, formatting, types, import rules, lock file
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/mypy
	$(VENV)/bin/lint-imports --no-logo

format: setup  ## Rewrite the code in the house format
	$(VENV)/bin/ruff check --fix .
	$(VENV)/bin/ruff format .

lock: setup  ## Pin the whole set anew in requirements.lock
	$(VENV)/bin/uv pip compile --universal --python-version 3.11 --extra dev --extra stores --upgrade --no-annotate --no-header --no-emit-index-url \
		pyproject.toml --output-file requirements.lock

mutants: setup  ## Change engine, methods, measures and lake in small ways and count the changes that no test notices (hours; resumes)
	$(VENV)/bin/mutmut run
	$(VENV)/bin/mutmut results --all true | $(RUN) -m tests.mutants

bench: setup  ## Run the benchmarks, each printing one JSON line at its end
	@for file in benchmarks/*.py; do echo "== $$file"; $(RUN) $$file || exit 1; done

miniature-report: setup  ## Measure the committed miniature on held-out seeds
	$(RUN) -m miniature.report

miniature-train: setup  ## Train the miniature again (about two hours of two cores, resumable)
	$(RUN) -m miniature.training

clean:  ## Remove the virtual environment and caches
	rm -rf $(VENV) mutants .pytest_cache .mypy_cache .ruff_cache .hypothesis

.PHONY: help setup python eval nightly test quick check format lock mutants bench miniature-report miniature-train clean
