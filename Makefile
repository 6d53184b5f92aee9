# Everything happens in .venv, which is made from the locked versions at the first call.
PYTHON ?= python3
BIN := .venv/bin
INSTALLED := .venv/.installed

# Prefect's usage reports stay at home.
export PREFECT_SERVER_ANALYTICS_ENABLED := false
export DO_NOT_TRACK := 1

.PHONY: help install demo up test bench check format messages docs pictures lock clean

help:  ## This list
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

$(INSTALLED): requirements.lock pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Boekbrug needs Python 3.11 or newer")'
	$(PYTHON) -m venv .venv
	@# --no-deps: the lock is complete, and pip must not look for newer versions of what others ask for.
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r requirements.lock
	$(BIN)/python -m pip check
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

install: $(INSTALLED)  ## Make .venv with the locked versions

demo: $(INSTALLED)  ## Run three tenants' day from beginning to end against simulators, then stop
	@$(BIN)/python -m demo

up: $(INSTALLED)  ## The same, and stay: prints the addresses
	@$(BIN)/python -m demo --stay

test: $(INSTALLED)  ## All tests, on two processors
	$(BIN)/python -m pytest --numprocesses 2 --dist loadfile --no-loadscope-reorder

bench: $(INSTALLED)  ## Speed and memory, as ratios (BENCH="store --full" chooses)
	$(BIN)/python -m benchmarks $(BENCH)

check: $(INSTALLED)  ## Format, lint, types, import contracts, generated pages, translations
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports --config pyproject.toml
	$(BIN)/python -m docs.generate --check
	$(BIN)/python -m dashboard.catalogues --check

format: $(INSTALLED)  ## Format the code and mend what the linter can mend
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

messages: $(INSTALLED)  ## Bring the dashboard's message catalogues up to date
	$(BIN)/python -m dashboard.catalogues

docs: $(INSTALLED)  ## Write the generated pages anew
	$(BIN)/python -m docs.generate

pictures: $(INSTALLED)  ## Take the pictures of the dashboard anew (needs a Chromium)
	$(BIN)/python -m docs.screenshots

# A lock for every platform, with hashes and without any registry's address; and of it what runs in production.
COMPILE := $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header \
	--no-emit-index-url
lock: $(INSTALLED)  ## Resolve the newest versions that pyproject.toml allows
	$(COMPILE) --group dev --upgrade pyproject.toml -o requirements.lock
	$(COMPILE) --no-annotate --constraint requirements.lock pyproject.toml -o deploy/requirements.lock

clean:  ## Remove what was made
	rm -rf .venv var build *.egg-info
