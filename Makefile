# What a newcomer runs: `make run` and `make test`. `make help` lists the rest.

# .venv is made with the first of these that is Python 3.11 or newer.
PYTHON ?= python3 python3.14 python3.13 python3.12 python3.11
BIN := .venv/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check --no-input
PYTEST := $(BIN)/python -m pytest -n auto --maxprocesses 8 $(if $(COVERAGE),--cov --cov-report=)
COMPILE := $(BIN)/uv pip compile pyproject.toml --universal --python-version 3.11 --generate-hashes \
	--no-header --no-annotate --quiet $(if $(UPGRADE),--upgrade)

# Taken as they were typed: a folder may be called anything, and a token is nobody's business.
export media := $(value MEDIA)
export plex_url := $(value PLEX_URL)
export plex_token := $(value PLEX_TOKEN)
# Where the environment names the data folder already, it is left to say so.
export data := $(or $(value DATA),$(if $(PROJECTIONIST_DATA)$(PROJECTIONIST_DATA_FILE),,projectionist-data))
unexport MEDIA ARGS PLEX_URL PLEX_TOKEN DATA

.DEFAULT_GOAL := help
.SUFFIXES:
.DELETE_ON_ERROR:
.PHONY: help install run previews test test-fast check bench pictures lock sbom licences vulnerabilities clean

help: ## list the commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-15s %s\n", $$1, $$2 }' Makefile

install: .venv/.installed ## create .venv with projectionist in it, from the hash-pinned lock

run: install ## start Projectionist on 127.0.0.1:8480; connect at once with MEDIA=/films, or PLEX_URL and PLEX_TOKEN
	@case "$$media" in "~/"*) media="$$HOME/$${media#??}" ;; esac; \
	[ -z "$$media" ] || export PROJECTIONIST_MEDIA="$$media"; \
	[ -z "$$plex_url" ] || export PROJECTIONIST_PLEX_URL="$$plex_url"; \
	[ -z "$$plex_token" ] || export PROJECTIONIST_PLEX_TOKEN="$$plex_token"; \
	exec $(BIN)/projectionist serve $${data:+--data "$$data"} $(ARGS)

previews: install ## make the previews of MEDIA=/path/to/films, else of demo films, and end; more options in ARGS="..."
	@case "$$media" in "~/"*) media="$$HOME/$${media#??}" ;; esac; \
	if [ -n "$$media" ]; then exec $(BIN)/projectionist previews make $(ARGS) -- "$$media"; fi; \
	$(BIN)/projectionist demo make demo-house/films && \
	exec $(BIN)/projectionist previews make --output demo-house/previews $(ARGS) -- demo-house/films

test: .venv/.installed-dev ## run every test; COVERAGE=1 fails where too few branches were taken
	@$(PYTEST)

test-fast: .venv/.installed-dev ## run the tests that take less than a few seconds
	@$(PYTEST) -m "not slow"

check: .venv/.installed-dev ## say everything that can be said of the code without running it
	@$(BIN)/python -m checks

bench: .venv/.installed-dev ## measure against the rival's commands and the physical floor
	@$(BIN)/python -m bench $(ARGS)

pictures: .venv/.installed-dev ## take the pictures of the pages in docs/images, from a demo house
	@$(BIN)/python -m tests.e2e.screenshots $(ARGS)

lock: .venv/.installed-dev ## compile the locks from pyproject.toml; UPGRADE=1 takes the newest versions
	@$(COMPILE) --group build --output-file requirements.lock
	@$(COMPILE) --group dev --constraints requirements.lock --output-file requirements-dev.lock

sbom: .venv/.installed-dev ## print what Projectionist is made of, as CycloneDX has it
	@$(BIN)/python -m checks.bill

licences: .venv/.installed-dev ## print the licence of each package that is installed with Projectionist
	@$(BIN)/python -m checks.bill licences

vulnerabilities: .venv/.installed-dev ## ask whether a locked package has a known vulnerability; fails where nobody answers
	@$(BIN)/python -m checks.vulnerabilities

clean: ## remove .venv and what the tools leave behind
	rm -rf .venv .mypy_cache .pytest_cache .ruff_cache .hypothesis .import_linter_cache build dist
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# A Python that was upgraded in place leaves an environment that finds nothing: it is made anew.
ifneq ($(shell $(BIN)/python -c "import pip; print('ok')" 2>/dev/null),ok)
.PHONY: $(BIN)/python
endif

$(BIN)/python:
	@lacking=; \
	for python in $(PYTHON); do \
		"$$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || continue; \
		"$$python" -c 'import ensurepip, venv' 2>/dev/null || { lacking=$$python; continue; }; \
		exec "$$python" -m venv --clear --prompt projectionist .venv; \
	done; \
	if [ -n "$$lacking" ]; then \
		echo "$$lacking cannot create environments; install its venv part (Debian, Ubuntu: apt install python3-venv)." >&2; \
	else \
		echo "Python 3.11 or newer is needed and none of these is: $(PYTHON); install one, or name it with PYTHON=/path/to/python3." >&2; \
	fi; exit 1

.venv/.installed: requirements.lock pyproject.toml | $(BIN)/python
	@echo "Installing projectionist into .venv"
	@$(PIP) --no-deps --require-hashes -r requirements.lock
	@$(PIP) --no-index --no-deps --no-build-isolation --editable .
	@touch $@

.venv/.installed-dev: requirements-dev.lock .venv/.installed
	@echo "Installing the tools for tests and checks into .venv"
	@$(PIP) --no-deps --require-hashes -r requirements-dev.lock
	@touch $@
