# make demo    the quickstart: ends with a table and a saved picture; every other example runs in its environment too
# make test    format, lint, import contracts, types, then every test and doctest
# make test-slow    the tests that take long: every case where make test tries some, and the largest examples
# make test-oldest    the tests of estimators with the oldest versions, in .venv-oldest; needs Python 3.11 or 3.12
# make fuzz    a thousand new examples of each property in tests/fuzz, for which make test runs a few fixed ones
# make bench    every benchmark, which takes hours; BENCH="benchmarks/store.py" runs one
# make soak    threads and processes that share a store, killed at random for SOAK_MINUTES; writes a table
# make docs    the site, in build/docs: every warning is an error
# make test-cluster    the tests that start a dask, a Ray and a Spark cluster on this machine (Spark needs Java)
#
# Both make a virtual environment first, from Python 3.11 or newer and PyPI alone, and again only when pyproject.toml or
# constraints.txt change. Another interpreter: make test PYTHON=python3.13; another environment: VENV=/path/to/it.

PYTHON ?= python3
VENV ?= .venv
JOBS ?= 2
# every script but the soak, which has a target of its own, and the modules that make tables
BENCH ?= $(filter-out %/soak.py %/tables.py %/scale_tables.py %/checkouts.py,$(sort $(wildcard benchmarks/*.py)))
PYTEST_ARGS ?=
SPHINX_ARGS ?=
SOAK_MINUTES ?= 5
OLDEST ?= .venv-oldest
ECOSYSTEM ?= .venv-ecosystem

BIN := $(VENV)/bin
INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt
DEMO_READY := $(VENV)/.ready-for-demo
TEST_READY := $(VENV)/.ready-for-test
CLUSTER_READY := $(VENV)/.ready-for-cluster
DOCS_READY := $(VENV)/.ready-for-docs
BENCH_READY := $(VENV)/.ready-for-bench
OLDEST_READY := $(OLDEST)/.ready-for-test
ECOSYSTEM_READY := $(ECOSYSTEM)/.ready-for-test
ECOSYSTEM_PACKAGES := bertopic catboost dask-ml datasets duckdb fairlearn hdbscan imbalanced-learn keybert lightgbm lime \
	mapie matplotlib mlflow-skinny opentsne optuna optuna-integration polars pytest pytest-timeout scikit-optimize \
	sentence-transformers shap skops skrub umap-learn xgboost
OLDEST_TESTS := text embedding features recommend model_selection exploration recipes

# no model is fetched by anything here
export HF_HUB_OFFLINE := 1
export TOKENIZERS_PARALLELISM := false

.PHONY: demo test test-slow test-oldest test-cluster test-ecosystem fuzz soak lint format bench docs clean distclean

demo: $(DEMO_READY)
	$(BIN)/python examples/quickstart.py build/quickstart.png

test: lint
	$(BIN)/python -m pytest -n $(JOBS) $(PYTEST_ARGS)

test-slow: $(TEST_READY)
	$(BIN)/python -m pytest -n $(JOBS) -m slow tests $(PYTEST_ARGS)

test-oldest: $(OLDEST_READY)
	$(OLDEST)/bin/python -m pytest -n $(JOBS) -W 'ignore:`torch.jit.script` is deprecated:DeprecationWarning' \
		$(addprefix tests/,$(OLDEST_TESTS)) $(PYTEST_ARGS)

test-cluster: $(CLUSTER_READY)
	$(BIN)/python -m pytest -m cluster tests/scale $(PYTEST_ARGS)

test-ecosystem: $(ECOSYSTEM_READY)
	$(ECOSYSTEM)/bin/python -m pytest -m ecosystem tests/ecosystem $(PYTEST_ARGS)

fuzz: $(TEST_READY)
	SKLEARN_LLMTOKENS_FUZZ=long $(BIN)/python -m pytest -n $(JOBS) --timeout 0 tests/fuzz $(PYTEST_ARGS)

soak: $(DEMO_READY)
	$(BIN)/python benchmarks/soak.py --minutes $(SOAK_MINUTES)

lint: $(TEST_READY)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/lint-imports
	$(BIN)/mypy

format: $(TEST_READY)
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

docs: $(DOCS_READY)
	OMP_NUM_THREADS=1 $(BIN)/python -m sphinx -b html -W --keep-going $(SPHINX_ARGS) docs build/docs

bench: $(BENCH_READY)
	@set -e; for file in $(BENCH); do echo "== $$file"; $(BIN)/python $$file; done

clean:
	rm -rf build dist docs/auto_examples docs/reference/generated docs/reference/backreferences .pytest_cache .ruff_cache .mypy_cache .hypothesis .import_linter_cache .grimp_cache
	find . -name __pycache__ -type d -not -path "./$(VENV)/*" -prune -exec rm -rf {} +

distclean: clean
	rm -rf "$(VENV)" "$(OLDEST)" "$(ECOSYSTEM)"

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed: make PYTHON=...")'
	$(PYTHON) -m venv "$(VENV)"

$(DEMO_READY): pyproject.toml constraints.txt | $(BIN)/python
	$(INSTALL) --editable ".[examples,fast]"
	@touch $@

$(TEST_READY): pyproject.toml constraints.txt | $(BIN)/python
	$(INSTALL) --editable ".[test,examples,fast]"
	@touch $@ $(DEMO_READY)

$(CLUSTER_READY): pyproject.toml constraints.txt | $(BIN)/python
	$(INSTALL) --editable ".[test,examples,fast,dask,ray,spark]"
	@touch $@ $(TEST_READY) $(DEMO_READY)

$(OLDEST_READY): pyproject.toml constraints-oldest.txt
	$(PYTHON) -m venv "$(OLDEST)"
	$(OLDEST)/bin/python -m pip install --quiet --disable-pip-version-check -c constraints-oldest.txt --editable ".[test,examples,fast]"
	@touch $@

$(DOCS_READY): pyproject.toml constraints.txt | $(BIN)/python
	$(INSTALL) --editable ".[docs,examples,fast]"
	@touch $@ $(DEMO_READY)

$(ECOSYSTEM_READY): pyproject.toml constraints-ecosystem.txt
	$(PYTHON) -m venv "$(ECOSYSTEM)"
	$(ECOSYSTEM)/bin/python -m pip install --quiet --disable-pip-version-check -c constraints-ecosystem.txt \
		--editable ".[fast,frames,labels]" $(ECOSYSTEM_PACKAGES)
	@touch $@

$(BENCH_READY): pyproject.toml constraints.txt | $(BIN)/python
	$(INSTALL) --editable ".[benchmark,examples,fast]"
	@touch $@ $(DEMO_READY)
