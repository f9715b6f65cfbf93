# What the code must pass: its checks and its tests. Each target sets up what it needs.

PYTEST := scripts/in-memory $(BIN)/pytest
WORKERS ?= auto

.PHONY: check format docs dashboards test test-slow bench

check: $(VENV)/.dev ## Check the code: style, types, floors, SQL, migrations, and the rules in tests/building.
	@$(BIN)/python scripts/check.py

format: $(VENV)/.dev ## Format Python and SQL.
	@$(BIN)/ruff check --fix --quiet . || true
	@$(BIN)/ruff format --quiet .
	@$(BIN)/sqlfluff fix --quiet src tests

docs: $(VENV)/.dev ## Write docs/settings.md and docs/commands.md from the code.
	@$(BIN)/python scripts/document.py

dashboards: $(VENV)/.dev ## Write Grafana's dashboards below deploy/grafana.
	@$(BIN)/python scripts/dashboards.py

test: $(VENV)/.dev ## Run the tests, on a real PostgreSQL of their own. ARGS="tests/risk -k name" narrows them.
	@$(PYTEST) --numprocesses $(WORKERS) --maxprocesses 4 --dist loadfile $(ARGS)

test-slow: $(VENV)/.dev ## Run the tests that take long: kills, all hostile values, every document.
	@$(PYTEST) -m slow --numprocesses $(WORKERS) --maxprocesses 4 --dist worksteal $(ARGS)

bench: $(VENV)/.dev ## Measure, and write docs/benchmarks.md. ARGS="risk" narrows it.
	@$(BIN)/python benchmarks/run.py $(ARGS)
