# Everything starts here. Needs Python >= 3.11 (with venv) and make; no path may be absolute, a folder may have spaces.
SHELL := /bin/sh
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
MAKEFLAGS += --no-print-directory

PY := .venv/bin/python
PIP := $(PY) -m pip --disable-pip-version-check --no-input -q -q

# A developer's environment is compiled as it is used. Where the outer environment forbids to keep that, every process would
# compile all that it imports: 24 processor seconds in place of 10, for each of some hundred processes of the tests.
export PYTHONDONTWRITEBYTECODE :=

# What `make run` grades. A fixed day, so that every machine gets the numbers of the README.
ENTITIES ?= 5000
SEED ?= 1
AS_OF ?= 2026-06-30
OUT ?= out/$(ENTITIES)-$(SEED)-$(AS_OF)

# An environment belongs to its folder, its lock and its project file: where one changes it is brought up to date.
KEY := $(shell { pwd; cat requirements.lock pyproject.toml; } | cksum | tr -d ' ')
DEV_KEY := $(shell { pwd; cat requirements-dev.lock pyproject.toml; } | cksum | tr -d ' ')
READY := .venv/.ready-$(KEY)
DEV_READY := .venv/.ready-dev-$(DEV_KEY)

.PHONY: help run nightly test faults histories spark environment lint format types layers docs bench fuzz canary lock clean

help: ## what there is
	@grep -hE '^[a-z]+:.*## ' Makefile | sed 's/:.*## /\t/' | expand -t 14

run: $(READY) ## sample data, one full grading run, where the results are
	@test -d "$(OUT)/landing" || { rm -rf "$(OUT)/landing.part" && mkdir -p "$(OUT)" && \
		echo "Making landing files of $(ENTITIES) entities in $(OUT)/landing ..." && \
		.venv/bin/creditgrade sample "$(OUT)/landing.part" -q \
			--entities $(ENTITIES) --seed $(SEED) --as-of $(AS_OF) && \
		mv "$(OUT)/landing.part" "$(OUT)/landing"; }
	@.venv/bin/creditgrade run --landing "$(OUT)/landing" --out "$(OUT)" --as-of $(AS_OF) --publish

# LANDING and NIGHT_OUT for real folders; without them a small sample of today. ONCE=1 ends after the first run.
NIGHT_OUT ?= out/nightly
PORT ?= 4200
AT ?= 02:00

nightly: $(READY) ## a Prefect server with its schedule, one night at once, where to watch it
	@test -n "$(LANDING)" || test -d "$(NIGHT_OUT)/landing" || { rm -rf "$(NIGHT_OUT)/landing.part" && \
		mkdir -p "$(NIGHT_OUT)" && .venv/bin/creditgrade sample "$(NIGHT_OUT)/landing.part" -q --entities 1000 && \
		mv "$(NIGHT_OUT)/landing.part" "$(NIGHT_OUT)/landing"; }
	@.venv/bin/creditgrade nightly up --landing "$(or $(LANDING),$(NIGHT_OUT)/landing)" --out "$(NIGHT_OUT)" \
		--port $(PORT) --at $(AT) $(if $(ONCE),--once)

# A file stays in one process, which shares what it makes; in order of place, for the slowest files have few tests. One
# process more than cores: a test that waits for a server or a command leaves its core to another. Two more take longer:
# each process imports and plans anew.
WORKERS ?= $(shell $(PY) -c 'import os; print(min(8, (os.cpu_count() or 1) + 1))')

test: $(DEV_READY) ## the whole test suite
	@$(PY) -m pytest -n $(WORKERS) --dist loadfile --no-loadscope-reorder $(PYTEST_ARGS)

# Some 40 minutes on two cores. CREDITGRADE_FAULTS_SEED=N tries other instants, calls and bytes.
FAULTS ?= 200

faults: $(DEV_READY) ## kills at random instants, full and damaged disks, servers that restart
	@CREDITGRADE_FAULTS=$(FAULTS) $(PY) -m pytest tests/faults -q --timeout 0 $(PYTEST_ARGS)

environment: $(DEV_READY) ## the environment with everything a developer needs

lint: $(DEV_READY) ## ruff
	@$(PY) -m ruff check . && $(PY) -m ruff format --check .

format: $(DEV_READY) ## ruff, mending what it can
	@$(PY) -m ruff check --fix . ; $(PY) -m ruff format .

types: $(DEV_READY) ## mypy
	@$(PY) -m mypy

layers: $(DEV_READY) ## import-linter
	@.venv/bin/lint-imports

HISTORIES ?= 20000
histories: $(DEV_READY) ## made-up histories (HISTORIES, 20,000), decided by the engine and by the reference; for a night
	@CREDITGRADE_HISTORIES=$(HISTORIES) CREDITGRADE_HISTORIES_SEED=$${HISTORIES_SEED:-$$(date +%Y%m%d)} \
		$(PY) -m pytest tests/property/test_engines_agree.py -q --timeout 0 $(PYTEST_ARGS)

# All spec cases on Spark, and whole runs of FOLDERS made-up cities on both engines, in one Java process; then a cluster of
# a master and two workers on this machine, one of which dies.
FOLDERS ?= 5
spark: $(DEV_READY) ## Spark against the spec cases, and against DuckDB on made-up cities (FOLDERS, 5)
	@CREDITGRADE_SPEC_ENGINES=spark CREDITGRADE_SPARK_FOLDERS=$(FOLDERS) \
		CREDITGRADE_SPARK_SEED=$${SPARK_SEED:-$$(date +%Y%m%d)} \
		$(PY) -m pytest tests/spec/test_engine.py tests/integration/spark \
			tests/integration/spark/on_a_cluster.py -q --timeout 0 $(PYTEST_ARGS)

docs: $(DEV_READY) ## docs/rules.md and docs/dictionary.md, from policy, spec cases and field registry
	@$(PY) -m docs_tools.rules && $(PY) -m docs_tools.dictionary

bench: $(DEV_READY) ## how fast, how much memory; BENCH_ARGS="--profile city"; BENCH=desk or reports
	@$(PY) -m bench$(addprefix .,$(BENCH)) $(BENCH_ARGS)

# atheris guides the inputs by coverage where there is a build of it; it lives beside the environment, not in it.
FUZZ_SECONDS ?= 60
FUZZ_TARGETS ?= headers dates amounts identifiers masking csv json spoiled bytes
fuzz: $(DEV_READY) ## many inputs for all that reads what was delivered; FUZZ_SECONDS for each target
	@$(PY) -m tests.fuzz --inputs 10000000 --seconds $(FUZZ_SECONDS) --seed $${SEED:-$$(date +%j)}
	@test -d build/fuzz/atheris || $(PIP) install --target build/fuzz atheris || { \
		rm -rf build/fuzz; echo 'atheris cannot be installed here: inputs are not guided by coverage.' >&2; exit 0; }; \
	for target in $(FUZZ_TARGETS); do test -d build/fuzz || break; \
		PYTHONPATH=build/fuzz $(PY) -m tests.fuzz --coverage --target $$target --inputs 10000000 --seconds $(FUZZ_SECONDS) \
			|| exit 1; done

# Python's own venv; the first interpreter that is new enough and can make one. PYTHON=... chooses.
.venv/bin/python:
	@for python in $(PYTHON) python3 python3.14 python3.13 python3.12 python3.11; do \
		if "$$python" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then \
			exec "$$python" -m venv --clear .venv; \
		fi; \
	done; \
	echo 'Python 3.11 or newer with its venv module is needed (Debian: apt-get install python3-venv).' >&2; exit 1

$(READY): | .venv/bin/python
	@echo 'Making the environment (once; some minutes) ...'
	@$(call install,requirements.lock)
	@rm -f .venv/.ready-[0-9]*
	@touch $@

$(DEV_READY): | .venv/bin/python
	@echo 'Making the environment for developers (once; some minutes) ...'
	@$(call install,requirements-dev.lock,--no-compile)
	@rm -f .venv/.ready-*
	@touch $(READY) $@

# The lock is complete (`pip check` says so), and its own pip reads it, the older one of a system being slow. A developer's
# environment leaves it to Python to compile what is imported; another may be run by somebody who cannot write in it.
# A folder that was moved leaves an environment whose scripts point elsewhere: it is made again.
define install
	if ! $(PY) -m pip --version >/dev/null 2>&1 || \
		{ test -e .venv/.folder && test "$$(cat .venv/.folder)" != "$$(pwd)"; }; then \
		rm -rf .venv && $(MAKE) .venv/bin/python; fi && \
	pwd > .venv/.folder && \
	sed -n '/^pip==/,/[^\\]$$/p' $(1) > .venv/.pip.lock && \
	$(PIP) install --require-hashes -r .venv/.pip.lock && \
	$(PIP) install --require-hashes --no-deps $(2) -r $(1) && \
	$(PIP) install --no-deps --no-build-isolation -e . && \
	$(PIP) check
endef

canary: ## the newest of everything that pyproject.toml allows, in its own environment, and the tests
	@rm -rf build/canary && mkdir -p build
	@for python in $(PYTHON) python3 python3.14 python3.13 python3.12 python3.11; do \
		if "$$python" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then \
			"$$python" -m venv build/canary && break; fi; done
	@build/canary/bin/python -m pip -q install --upgrade pip
	@build/canary/bin/python -m pip -q install --upgrade --group build --group dev
	@build/canary/bin/python -m pip -q install --upgrade --no-build-isolation -e .
	@build/canary/bin/python -m pip list --outdated
	@build/canary/bin/python -m pytest $(PYTEST_ARGS)

# uv resolves for every Python and system at once; the locks name versions and hashes, no registry.
lock: ## both lock files anew, from pyproject.toml
	@test -x build/uv/bin/uv || { python3 -m venv build/uv && build/uv/bin/python -m pip -q install uv; }
	@build/uv/bin/uv -q pip compile $(LOCK_ARGS) --group build pyproject.toml -o requirements.lock
	@build/uv/bin/uv -q pip compile $(LOCK_ARGS) --group build --group dev --extra spark pyproject.toml -o requirements-dev.lock
LOCK_ARGS = --universal --no-strip-extras --python-version 3.11 --generate-hashes --no-header --no-annotate --no-emit-index-url

clean: ## what runs, tests and builds have left; the environment stays
	@rm -rf out build .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis .coverage
