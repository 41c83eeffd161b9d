# Both set-up commands make their own environment from the pinned set in constraints.txt.
PYTHON ?= python3
BIN := .venv/bin
UV := $(BIN)/uv
# Named, since uv would rather take an environment that happens to be active.
INTO := --python $(BIN)/python

.PHONY: demo test test-search docs-check docs-run lint format audit sbom constraints default-model install clean

demo: install
	$(BIN)/shoulderseg demo demo

# A worker a core, of one thread each: most tests are short and use one core. Threads that spin
# while they wait would take the cores from others. Bytecode is kept, since many tests begin a
# process.
TEST_WORKERS ?= auto
test: install
	PYTHONDONTWRITEBYTECODE= OMP_NUM_THREADS=1 OMP_WAIT_POLICY=passive $(BIN)/pytest --color=no \
		--numprocesses $(TEST_WORKERS) --maxprocesses 8 $(PYTEST_OPTIONS)

# A thousand new examples for each property that the tests state; `make test` takes the same few.
test-search: install
	$(MAKE) test PYTEST_OPTIONS="-m hypothesis --hypothesis-profile search"

# Links, commands and options in the documentation; `make test` runs it too.
docs-check: install
	$(BIN)/pytest --color=no --quiet tests/test_docs.py tests/test_docs_commands.py

# Runs every command line of the documentation with small inputs; half an hour or more.
DOCS_RUN_OPTIONS ?=
docs-run: install
	$(BIN)/python -m tests.documented_commands docs-run $(DOCS_RUN_OPTIONS)

lint: install
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

format: install
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

# What is known against the pinned packages, of PyPI's service; fails if something is.
audit: install
	$(BIN)/python -m tests.audit

# The packages in .venv, as CycloneDX; what stands below `root-component` is what users install.
# To check it against the schema would take twenty times as long.
sbom: install
	mkdir -p build
	$(BIN)/cyclonedx-py environment --no-validate --output-reproducible --pyproject pyproject.toml \
		--output-format JSON --output-file build/sbom.cdx.json $(BIN)/python

# A bundle as in workflows/bundles/default_bundle, calibrated, from nothing but a seed. An interrupted run goes on,
# a finished one keeps its bundle; it lies in build-default/bundle and is copied by hand.
DEFAULT_MODEL_OPTIONS ?= --synthetic
default-model: install
	$(BIN)/shoulderseg build-default build-default $(DEFAULT_MODEL_OPTIONS)

# Compiled at once: where Python may not write bytecode beside its packages, every process would
# compile them anew, torch and nnU-Net for fifteen seconds and more.
.venv/.packages: constraints.txt pyproject.toml
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --constraint constraints.txt uv
	$(UV) pip install --quiet $(INTO) --constraint constraints.txt --compile-bytecode \
		--group dev --group build --requirement pyproject.toml --extra demo
	touch $@

# The editable install links single files, so it is renewed to take in new ones.
install: .venv/.packages
	$(UV) pip install --quiet $(INTO) --no-deps --no-build-isolation --editable .

# Pins the newest versions that fit pyproject.toml, for every platform and Python from 3.11.
constraints: .venv/.packages
	$(UV) pip compile --quiet --upgrade --universal --python-version 3.11 --no-header --no-annotate \
		--extra demo --group dev --group build pyproject.toml --output-file constraints.txt

clean:
	rm -rf .venv build demo docs-run *.egg-info
