# Everything here needs python3 (3.11 or later), make and git, and nothing else.
.DEFAULT_GOAL := help
.PHONY: report test lab refresh lint clean help

VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
COMPLETE := $(VENV)/.complete

report: $(READY) ## make the sample city's quarterly report, and say where it is
	@$(BIN)/equity run params/sample.yaml

test: $(COMPLETE) ## run every test, the notebooks' included
	$(BIN)/python -m pytest -n auto --dist loadfile
	$(BIN)/python -m pytest --nbval --nbval-current-env --nbval-cell-timeout=300 \
		--nbval-sanitize-with tests/nbval_sanitize.cfg -p no:cacheprovider notebooks

lab: $(READY) ## open the notebooks in JupyterLab
	$(BIN)/jupyter lab notebooks

refresh: $(READY) ## make the sample city and the notebooks' committed outputs again
	$(BIN)/python -m equity.sample --out data/raw/sample
	$(BIN)/python -m equity.refresh

lint: $(READY) ## check style and docstrings
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/numpydoc lint equity/*.py equity/*/*.py equity/*/*/*.py

clean: ## remove the environment, reports and processed data
	rm -rf $(VENV) reports build dist .pytest_cache .ruff_cache .hypothesis
	find data/processed -mindepth 1 ! -name README.md -delete

help: ## list these targets
	@awk -F ':.*## ' '/^[a-z]+:.*## /{printf "make %-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

# The environment: uv inside a venv of the project's own, exactly as locked. Spark, 400
# MB, is there only for the tests that count requests on it.
SYNC = VIRTUAL_ENV=$(VENV) UV_PROJECT_ENVIRONMENT=$(VENV) $(BIN)/uv sync --quiet --locked --all-groups --compile-bytecode

$(READY): uv.lock pyproject.toml
	@python3 -c 'import sys; sys.exit(sys.version_info < (3, 11) and "python3 is older than 3.11: install a newer one")'
	@test -x $(BIN)/python || python3 -m venv $(VENV)
	@echo "Setting up .venv (once; under a minute with a near mirror) ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check uv
	@$(SYNC) --no-group spark
	@touch $(READY)

$(COMPLETE): $(READY)
	@echo "Adding what only the tests need ..."
	@$(SYNC)
	@touch $(COMPLETE)
