# Needs Python 3.11 to 3.13 and make. `make` lists the targets.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready

IN_PARALLEL := tests/chalicelib tests/cli tests/infra tests/localcloud tests/training

.DEFAULT_GOAL := help
.PHONY: help setup demo story up test soak check bench package lock clean

help:  ## list the targets
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## /\1\t/' | expand -t 10

$(READY): requirements-dev.txt pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13) and "Freshet needs Python 3.11, 3.12 or 3.13: run make PYTHON=python3.12 ...")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

setup: $(READY)  ## make .venv with everything the project needs, pinned

demo: $(READY)  ## the main job: upload, train, test, deploy, predict, on the local cloud (DATA=file.csv takes your own)
	$(BIN)/freshet demo $(if $(DATA),--data "$(DATA)")

up: $(READY)  ## start the local cloud with the application on it, until Ctrl-C
	$(BIN)/freshet up

test: $(READY)  ## every test, with end-to-end runs that train for real: those that share no cloud first, on all processors
	$(BIN)/python -m pytest --numprocesses auto --dist loadfile $(IN_PARALLEL)
	$(BIN)/python -m pytest $(addprefix --ignore=,$(IN_PARALLEL))

story: $(READY)  ## drift, labels and a better model on real reviews (DATA_DIR=folder with imdb/ and amazon/)
	$(if $(DATA_DIR),FRESHET_DATA="$(DATA_DIR)") $(BIN)/python -m pytest -s tests/e2e/test_story.py

soak: $(READY)  ## the long tests: months, kills, writes, refusals, races, lives in disorder, odd uploads and requests by the thousand
	$(BIN)/python -m pytest tests/e2e/test_kill.py tests/localcloud/test_acknowledged.py --kills 20 --writes 10000
	$(BIN)/python -m pytest tests/chalicelib/reliability --timeout 14400 --permutations 3334 --races 1000 --everything --kill-seeds 20
	$(BIN)/python -m pytest tests/e2e/test_month.py -s --timeout 3600 --everything
	$(BIN)/python -m pytest tests/training/test_upload_fuzz.py --timeout 14400 --files 100000
	$(BIN)/python -m pytest tests/chalicelib/handlers/test_fuzz.py -s --timeout 3600 --requests 100000

check: $(READY)  ## lint, types, import rules
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: $(READY)  ## measure on real data (DATA_DIR=folder with imdb/train.csv.gz)
	$(BIN)/python -m benchmarks.first_walk $(if $(DATA_DIR),--data "$(DATA_DIR)")

package: $(READY)  ## dist/: one CloudFormation template and one zip (STAGE=dev|prod)
	$(BIN)/python -m infra.package --stage $(or $(STAGE),dev) --out dist

lock: $(READY)  ## compile the requirements*.in files to pinned ones
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --no-header requirements.in -o requirements.txt
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --no-header --generate-hashes requirements-dev.in -o requirements-dev.txt
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --no-header --generate-hashes -c requirements-dev.txt training/requirements.in -o training/requirements.txt

clean:  ## stop the local cloud, remove what can be made again
	-[ -x $(BIN)/freshet ] && $(BIN)/freshet down
	rm -rf $(VENV) dist build .freshet .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache *.egg-info
