# Rollbook. Two commands matter on a fresh machine: `make demo` and `make test`.
# Everything is kept in this folder: the virtual environment in .venv, the database in ROLLBOOK_HOME.

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help

# of .env, which the environment wins over; all other settings of it are read by scripts/with-env
HOME_IN_ENV := $(shell sed -n 's/^ROLLBOOK_HOME=//p' .env 2>/dev/null | tr -d "\"'")
export ROLLBOOK_HOME := $(or $(ROLLBOOK_HOME),$(HOME_IN_ENV),$(CURDIR)/.rollbook)
PYTHON ?= python3
VENV := $(CURDIR)/.venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --no-cache-dir
ROLLBOOK := $(CURDIR)/scripts/with-env $(CURDIR)/.env $(BIN)/rollbook
export LD_LIBRARY_PATH := $(VENV)/lib/openmp$(if $(LD_LIBRARY_PATH),:$(LD_LIBRARY_PATH))

-include make/*.mk

.PHONY: help setup dev-setup lock
help: ## List the commands.
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sort | awk -F':.*## ' '{printf "  %-16s %s\n", $$1, $$2}'

setup: $(VENV)/.run ## Create .venv and install what running needs.

dev-setup: $(VENV)/.dev ## Also install what tests and checks need.

$(BIN)/python:
	@scripts/create-venv "$(PYTHON)" "$(VENV)"

# What comes last: without it the making was interrupted, so it begins anew.
$(BIN)/pip: | $(BIN)/python
	@test -e $@ || scripts/create-venv "$(PYTHON)" "$(VENV)" --clear

$(VENV)/.run: requirements/run.lock pyproject.toml | $(BIN)/pip
	@echo "Installing Rollbook into .venv ..."
	@$(PIP) install --quiet --require-hashes --only-binary :all: --requirement requirements/run.lock
	@$(PIP) install --quiet --no-deps --no-build-isolation --editable .
	@scripts/link-openmp "$(VENV)"
	@touch $@

$(VENV)/.dev: requirements/dev.lock tests/provider/package-lock.json $(VENV)/.run
	@echo "Installing the tools for tests and checks into .venv ..."
	@$(PIP) install --quiet --require-hashes --only-binary :all: --requirement requirements/dev.lock
	@scripts/install-provider "$(VENV)"
	@touch $@

lock: $(VENV)/.dev ## Pin the newest versions that pyproject.toml allows.
	@$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
	  --no-emit-find-links --upgrade --group build pyproject.toml -o requirements/run.lock
	@$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
	  --no-emit-find-links --constraint requirements/run.lock --group build --group test --group check --group lock \
	  pyproject.toml -o requirements/dev.lock
	@$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
	  --no-emit-find-links --constraint requirements/dev.lock --group build --all-extras pyproject.toml \
	  -o requirements/image.lock
