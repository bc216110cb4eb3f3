.DEFAULT_GOAL := help
VENV := .venv
BIN := $(VENV)/bin
PYTHON ?= python3

help:  ## what can be made
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 14

$(VENV)/ready: requirements.lock pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit("reminderd needs Python 3.11 or later, this is " + sys.version.split()[0]) if sys.version_info < (3, 11) else None'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --editable .
	@touch $@

setup: $(VENV)/ready  ## the virtual environment in .venv, from requirements.lock

editor: $(VENV)/ready  ## the language server that editors use, for the tests of the schema; needs npm
	npm install --silent --no-audit --no-fund --prefix $(VENV)/editor yaml-language-server@1.25.0

demo: $(VENV)/ready  ## see it work: the sandbox, the daemon and three reminders in a few seconds
	@$(BIN)/reminderd demo

test: $(VENV)/ready  ## the tests; what this machine cannot run is skipped with its reason
	$(BIN)/python -m pytest -n 4 --dist worksteal -m "not nightly" tests

nightly: $(VENV)/ready  ## the long walks: property tests at length, torture, big tables
	NIGHTLY=1 $(BIN)/python -m pytest -n 2 --timeout 3600 tests

promise: $(VENV)/ready  ## try again what docs/promise.md says was tried, and print its table (QUICK=1: a few minutes)
	$(BIN)/python -m tests.promise $(if $(QUICK),--quick,--write)

torture: $(VENV)/ready  ## the daemon killed again and again beside a faulty gateway; SEED=123 ROUNDS=300 does a run again
	$(BIN)/python -m tests.torture --rounds $(or $(ROUNDS),200) $(if $(SEED),--seed $(SEED)) $(if $(JOBS),--jobs $(JOBS)) \
	    $(if $(filter no,$(CLOCK)),--no-clock) $(if $(KEEP),--keep $(KEEP))

check: $(VENV)/ready  ## static checks: ruff, mypy, import-linter
	$(BIN)/ruff check reminderd tests benchmarks deb
	$(BIN)/ruff format --check reminderd tests benchmarks deb
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(VENV)/ready  ## rewrite the code in the house's format
	$(BIN)/ruff check --fix reminderd tests benchmarks deb
	$(BIN)/ruff format reminderd tests benchmarks deb

docs: $(VENV)/ready  ## renew the tables of keys in docs/, and the API's schema of a job, from the words that all of them share
	$(BIN)/python -m reminderd.reference.pages docs/*.md
	$(BIN)/python -m reminderd.reference.api reminderd/web/api/job.json

screenshots: $(VENV)/ready  ## the pictures in docs/images, of the page before data that are always the same; needs chromium-headless-shell
	$(BIN)/python -m tests.browser.picture docs/images

bench: $(VENV)/ready  ## lateness, throughput and idle cost, as ratios to a bare baseline of the same run
	$(BIN)/python -m benchmarks

wheel: $(VENV)/ready  ## the wheel and the source distribution, in dist/
	rm -f dist/reminderd-*.whl dist/reminderd-*.tar.gz
	$(BIN)/python -m hatchling build --directory dist

deb: $(VENV)/ready  ## the Debian package, in dist/, for this machine's Debian; needs dpkg-deb and a package index
	$(BIN)/python -m deb $(if $(VERSION),--version $(VERSION))

lock:  ## write requirements.lock anew from pyproject.toml
	$(PYTHON) -m venv $(VENV)-lock
	$(VENV)-lock/bin/python -m pip install --quiet uv
	$(VENV)-lock/bin/uv pip compile --quiet --upgrade --universal --python-version 3.11 --no-header --no-annotate \
	    --no-emit-index-url --no-emit-find-links --group dev --output-file requirements.lock pyproject.toml
	rm -rf $(VENV)-lock

clean:  ## remove what was built here
	rm -rf $(VENV) build dist .mypy_cache .ruff_cache .hypothesis

.PHONY: help setup editor demo test nightly promise torture check format docs screenshots bench wheel deb lock clean
