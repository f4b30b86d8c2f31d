# `make` lists what there is. Everything below makes .venv first where it is missing.
.DEFAULT_GOAL := help
SHELL := bash
BIN := .venv/bin
READY := .venv/.ready
CODE := odooops_dagster assets sensors schedules resources
ARGS ?=
# A Python named on the command line makes .venv again where another one made it.
MADE_WITH := $(shell cat .venv/.made-with 2>/dev/null)
# Processes that run the fast tests at once. Each has servers of its own: more than two take too much of less than 10 GB of memory.
WORKERS ?= $(shell grep -qE '^MemTotal: +[0-9]{8}' /proc/meminfo 2>/dev/null && echo 3 || echo 2)

.PHONY: help
help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: demo
demo: $(READY) ## Push a branch, watch it become a running Odoo; ARGS=--once stops by itself
	@$(BIN)/ops demo $(ARGS)

.PHONY: dry-run
dry-run: $(READY) ## Bring a release through gates G1 to G4 to production, by real runs
	@$(BIN)/ops demo --gates --once $(ARGS)

.PHONY: test
test: $(READY) ## Run the fast tests (5 minutes, no Odoo); ARGS goes to pytest, and may name tests of any lane
	@scripts/dev/system-packages.sh
	@$(BIN)/pytest -n $(WORKERS) --dist loadfile --no-loadscope-reorder $(if $(findstring tests/,$(ARGS)),,--lane fast --maxfail 10 --timeout 120) $(ARGS)

.PHONY: test-long
test-long: $(READY) ## Run the other tests, real Odoo included; LANE=stories one lane, CHANGED=1 those whose inputs changed
	@scripts/dev/system-packages.sh
	@$(BIN)/python -m tests.long_lanes $(if $(CHANGED),--changed) $(LANE) $(ARGS)

.PHONY: check
check: $(READY) ## Lint, format, types, import contracts, SQL and its export, Dagster's definitions, the pages
	@$(MAKE) --no-print-directory --jobs 2 --keep-going --output-sync=line $(CHECKS)

CHECKS := check-types check-sql check-style check-definitions check-pages
.PHONY: $(CHECKS)
check-types: $(READY)
	@$(BIN)/mypy $(CODE) tests bench
check-sql: $(READY)
	@$(BIN)/sqlfluff lint sql
	@$(BIN)/ops db export --check supabase/migrations
check-style: $(READY)
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check --quiet .
	@PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/lint-imports --no-logo
check-definitions: $(READY)
	@VIRTUAL_ENV="$(CURDIR)/.venv" PYTHONWARNINGS=ignore $(BIN)/dg check toml
	@VIRTUAL_ENV="$(CURDIR)/.venv" PYTHONWARNINGS=ignore $(BIN)/dg check defs
check-pages: $(READY)
	@$(BIN)/pytest -q --lane pages
	@scripts/validate_spec_kit_odooops.sh validate-spec-kit validate-docs

.PHONY: fix
fix: $(READY) ## Mend what can be mended by a tool
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .
	@$(BIN)/sqlfluff fix --quiet sql
	@$(BIN)/ops db export supabase/migrations

.PHONY: spec-gates
spec-gates: $(READY) ## Compare bundles and documents with what stands; ARGS names one gate
	@scripts/validate_spec_kit_odooops.sh $(ARGS)

.PHONY: spec-tag
spec-tag: $(READY) ## Tag the commit v1.0-production, unless a spec gate fails
	@scripts/dev/tag-spec.sh

.PHONY: export
export: $(READY) ## Write what comes of the schema: Supabase's migrations and types
	@$(BIN)/ops db export supabase/migrations
	@$(BIN)/python -m tests.supabase

.PHONY: bench
bench: $(READY) ## Measure the figures of the specification; ARGS names one, such as queue
	@for figure in $(or $(ARGS),queue latency preview promote upgrade views backup memory router ingest sandbox cli idle switch density); do $(BIN)/python -m bench.$$figure || exit; done

.PHONY: console
console: ## Check, test and build the console as a static site, web/odooops-console/out
	@cd web/odooops-console && npm ci --ignore-scripts --no-audit --no-fund && npm run lint && npm test && npm run build

.PHONY: up
up: $(READY) ## Start the platform on this machine until Ctrl-C
	@$(BIN)/ops up $(ARGS)

ifneq ($(PYTHON),)
ifneq ($(PYTHON),$(MADE_WITH))
.PHONY: $(READY)
endif
endif
$(READY): requirements.lock pyproject.toml scripts/dev/setup.sh scripts/dev/find-python.sh
	@scripts/dev/setup.sh
	@touch $@
