# Everything on a fresh machine with Python >= 3.11 and make. `make demo` first.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed

.PHONY: docs demo test test-all bench cluster-tools lint smoke format clean
.DEFAULT_GOAL := help

help:  ## this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 16

$(STAMP): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "$(PYTHON) is older than 3.11; name another with: make PYTHON=python3.12"; exit 2; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "installing into $(VENV) (PyTorch is large; a few minutes the first time) ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[dev]' -c constraints.txt
	@touch $(STAMP)

demo: $(STAMP)  ## a whole sweep on generated street scenes, in a few minutes on a CPU
	@$(BIN)/sweep run ratios.yaml --name demo-$$(date +%Y%m%d-%H%M%S)

test: $(STAMP)  ## the fast tests
	$(BIN)/python -m pytest -n 2 --dist worksteal

test-all: $(STAMP)  ## all tests, the long ones too
	$(BIN)/python -m pytest -n 2 --dist worksteal -m ''

bench: $(STAMP)  ## the speed of data path, step and sweep; about 15 minutes on a quiet machine
	$(BIN)/python -m tests.benchmarks.data_path
	$(BIN)/python -m tests.benchmarks.step
	$(BIN)/python -m tests.benchmarks.overhead cli start loop trivial --trials 60 --rounds 1
	$(BIN)/python -m tests.benchmarks.scale driver --trials 100 500

cluster-tools:  ## what the cluster test of `test-all` needs of Debian; as root
	@bash tests/cluster/tools.sh

lint: $(STAMP)  ## ruff, mypy --strict, the directions of imports
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(STAMP)  ## rewrites the code in the project's form
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

smoke: $(STAMP)  ## the wheel, installed in a clean environment and run from another folder
	PYTHON=$(BIN)/python bash tests/smoke.sh

docs: $(STAMP)  ## writes docs/cli.md out of the commands
	$(BIN)/python -m sweep.reference docs/cli.md

clean:  ## removes what make and the demo made, but not $(VENV)
	rm -rf dist sweeps .venv-smoke
