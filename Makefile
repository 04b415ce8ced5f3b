# Slipway. `make` alone shows what there is; everything is installed into .venv at the first use.

PY := .venv/bin/python
SH := scripts/bootstrap.sh
# Without kept bytecode, pytest would rewrite the assertions of its plugins in every worker.
PYTEST := PYTHONDONTWRITEBYTECODE= $(PY) -m pytest
FAST := not integration and not prefect and not browser and not docker and not slow
WORKERS ?= 3
BENCHMARKS ?= copies dispatch forecasts kills launches memory planning reads rollout shim soak trigger
# Folder for what the tests run, as CI measures it; they take longer then.
MEASURE ?=
MEASURED = $(if $(MEASURE),$(PY) scripts/coverage/branch_coverage.py install && mkdir -p $(MEASURE) && BRANCH_COVERAGE=$(abspath $(MEASURE)))

.DEFAULT_GOAL := help
.PHONY: help demo up down status test check bench lock environment restic

help: ## Show this
	@echo "Slipway: launch, split, distribute, allocate, back up and deploy as Prefect flows"
	@echo
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-8s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)
	@echo
	@echo "Settings are SLIPWAY_* variables (tasks/settings.py), e.g. SLIPWAY_SERVER_PORT=4201 make up"

# A stack that ran before the demo goes on after it; else everything is ended, also on Ctrl-C.
demo: environment restic ## Ship an example from nothing to deployed (PROJECT=httpbin, KEEP=1)
	@$(PY) -m stack.status --check && was_up=1; trap 'exit 130' INT TERM; \
	if [ -z "$${was_up}$(filter 1,$(KEEP))" ]; then trap '$(PY) -m stack.down --all' EXIT; fi; \
	$(PY) -m stack.up && \
	$(PY) -m examples.demo $(if $(PROJECT),--project $(PROJECT)) $(if $(filter 1,$(KEEP)),--keep)

up: environment restic ## Start server, worker, router, reconciler and reads; register everything
	@$(PY) -m stack.up $(if $(filter 1,$(TAKE)),--take)

down: environment ## Stop these five; launched services go on (ALL=1 stops them too)
	@$(PY) -m stack.down $(if $(filter 1,$(ALL)),--all)

status: environment ## Show what runs
	@$(PY) -m stack.status

test: environment ## Run the whole test suite; what cannot be installed is skipped with a reason
	@$(SH) restic || echo "slipway: tests that need restic are skipped"
	@$(MEASURED) $(PYTEST) -n $(WORKERS) --dist loadfile $(ARGS)

check: environment ## Format, lint, types, imports, sizes, docstrings and the fast tests
	@$(PY) -m ruff format --check --quiet .
	@$(PY) -m ruff check --quiet .
	@$(PY) -m mypy --no-error-summary .
	@PYTHONPATH=. .venv/bin/lint-imports >.venv/imports.log || { cat .venv/imports.log; exit 1; }
	@$(MEASURED) $(PYTEST) -q -n auto -m "$(FAST)" $(ARGS)

bench: environment restic ## Run the benchmarks that need no data; fail where a bar is missed
	@status=0; trap 'exit 130' INT TERM; for name in $(BENCHMARKS); do echo "== $$name"; \
	    $(PY) -m benchmarks.$$name --json --check || status=1; done; exit $$status

lock: environment ## Pin every dependency again in requirements.txt
	@.venv/bin/uv pip compile --quiet --universal --generate-hashes --python-version 3.11 \
	    --no-emit-index-url --custom-compile-command 'make lock' --no-annotate --group dev --extra exact --output-file requirements.txt pyproject.toml

environment:
	@$(SH)

restic:
	@$(SH) restic
