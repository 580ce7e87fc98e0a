# What a user of basalt types. Everything else is `basalt --help`.

STACK ?= dev
DATA ?= keep
PYTHON ?= python3

SETUP := $(PYTHON) tools/setup
BIN := .venv/bin
# The tools of this clone first on PATH, Pulumi's state in .basalt; what is set already wins.
INSIDE = eval "$$($(SETUP) --print env)" &&
DOCKERFILES := $(wildcard images/*/Dockerfile */Dockerfile tests/*/Dockerfile)
# DL3008: versions of packages come with the Debian release of the base image, which takes security updates.
HADOLINT := $(BIN)/hadolint --ignore DL3008

.DEFAULT_GOAL := help
.PHONY: help setup up down test test-tools check lint doctor env bench clean

help: ## show this
	@echo "make up [STACK=dev], make down [STACK=dev] [DATA=delete], make test"
	@echo
	@sed -nE 's/^([a-z]+):[^#]*## (.*)/  make \1\t\2/p' Makefile | expand -t 18

setup: ## make this machine able to run basalt; what is there already costs nothing
	@$(SETUP)

up: setup ## bring up a stack, from nothing or to what its file declares now
	@$(INSIDE) python -m basalt up --stack $(STACK)

down: ## remove a stack; its data stays unless DATA=delete
	@$(INSIDE) python -m basalt down --stack $(STACK) --data $(DATA) $(if $(filter delete,$(DATA)),--yes)

test: setup test-tools lint ## everything, live tests of a stack of their own included
	@$(INSIDE) python -m pytest -m "not live" --numprocesses 2 && \
	  python -m pytest -m live --numprocesses 2 --dist loadscope

check: ## what a change must pass first, without an engine: lint, types and all tests that take no seconds
	@$(SETUP) --only local-state python-env
	@$(MAKE) --no-print-directory test-tools lint
	@$(INSIDE) python -m pytest -m "not live and not slow" --numprocesses 2

# What the tests ask from outside with: other eyes than Python's, a way to hosts, a list of processes, a disk.
test-tools: .basalt/bin/promtool
	@(for tool in curl mkfs.ext4 openssl ps ssh; do command -v $$tool || exit 1; done) > /dev/null || \
	  { apt-get update -qq && \
	    apt-get install --yes -qq --no-install-recommends curl e2fsprogs openssh-client openssl procps; }

# Taken out of Debian's package: installed, that would start a server.
.basalt/bin/promtool:
	@folder=$$(mktemp -d) && trap 'rm -rf "$$folder"' EXIT && chmod 755 "$$folder" && cd "$$folder" && \
	  { apt-get download -qq prometheus || { apt-get update -qq && apt-get download -qq prometheus; } } 2> apt.log || \
	  { cat apt.log; exit 1; } && dpkg -x ./*.deb . && install -D usr/bin/promtool $(CURDIR)/$@

lint: .basalt/lint/ansible
	@$(BIN)/ruff check
	@$(BIN)/ruff format --check
	@$(BIN)/mypy
	@$(BIN)/yamllint --strict .
	@$(HADOLINT) $(DOCKERFILES)

# Of all linters the slowest: what has not changed since it passed is not looked at again.
.basalt/lint/ansible: requirements-dev.txt $(shell find ansible -not -path '*/__pycache__*')
	@cd ansible && PATH="$(abspath $(BIN)):$$PATH" ansible-lint -q
	@mkdir -p $(@D) && touch $@

doctor: ## what this machine has and lacks, and how to get it
	@$(SETUP) --check

env: ## print the environment for plain pulumi: eval "$(make -s env)"
	@$(SETUP) --print env

bench: setup ## measure; results go to bench/
	@$(INSIDE) python -m bench.planning && python -m bench.up

clean: ## remove what setup and tools made in this clone; state, passphrase and the cache stay
	rm -rf .venv .basalt/bin .basalt/lint .basalt/pulumi/plugins .mypy_cache .pytest_cache .ruff_cache .hypothesis *.egg-info
	find . -name __pycache__ -not -path './.basalt/*' -prune -exec rm -rf {} +
