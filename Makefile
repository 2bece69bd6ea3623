# Every target sets itself up: the first call makes .venv and installs, later calls find it there.
PYTHON ?= python3.11
VENV := .venv
RUN := $(VENV)/bin/python

.DEFAULT_GOAL := help

help:  ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  %-18s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

$(VENV)/.installed: pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(VENV)/bin/pip install --quiet --editable '.[dev]'
	touch $@

setup: $(VENV)/.installed  ## Make .venv and install everything into it

eval: setup  ## Run the main job on the miniature: prompts to table
	$(RUN) jobs/eval_i2p.py

nightly: setup  ## Run tonight's regression on the miniature
	$(RUN) jobs/nightly_regression.py

test: setup  ## Run the tests
	$(RUN) -m pytest -q -n 2 --dist loadgroup

check: setup  ## Lint, formatting, types
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/mypy

format: setup  ## Rewrite the code in the house format
	$(VENV)/bin/ruff check --fix .
	$(VENV)/bin/ruff format .

bench: setup  ## Run the benchmarks, each printing one JSON line at its end
	@for file in benchmarks/*.py; do echo "== $$file"; $(RUN) $$file || exit 1; done

miniature-report: setup  ## Measure the committed miniature on held-out seeds
	$(RUN) -m miniature.report

miniature-train: setup  ## Train the miniature again (about two hours of two cores, resumable)
	$(RUN) -m miniature.training

clean:  ## Remove the virtual environment and caches
	rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache .hypothesis

.PHONY: help setup eval nightly test check format bench miniature-report miniature-train clean
