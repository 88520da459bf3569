.DEFAULT_GOAL := help
# The first Python from 3.11 to 3.14 that can make environments; PYTHON=... chooses another.
PYTHON ?= $(shell for python in python3 python3.14 python3.13 python3.12 python3.11; do \
	"$$python" -c 'import ensurepip, sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 14))' 2>/dev/null \
		&& echo "$$python" && break; done)
VENV := .venv
BIN := $(VENV)/bin

# ONNX Runtime reports its use to its publisher otherwise, from tools as well.
export ORT_DISABLE_TELEMETRY := 1

.PHONY: help install runtime lock run test accuracy calibrate bench faults clients docs foreign sbom audit check \
	format lint types clean

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

install: $(VENV)/.installed ## Make the environment in .venv, with all that tests need

# Files are compiled when they are first imported: most never are, and they would take 100 MB.
PIP := $(BIN)/python -m pip install --disable-pip-version-check --no-compile
# uv takes a third of pip's time. Where there is none for this machine, or it doesn't get at a package because only pip is
# configured to, pip does it.
UV := $(VENV)/.uv/bin/uv
INSTALL = $(UV) pip install --python $(BIN)/python $(1) || $(PIP) $(1)

$(VENV)/.runtime: requirements/runtime.txt requirements/build.txt requirements/installer.txt pyproject.toml
	@[ -n "$(PYTHON)" ] || { echo "No Python from 3.11 to 3.14 with the module venv: install one (Debian: python3-venv)." >&2; exit 1; }
	@echo "Installing the service into $(VENV), with $$($(PYTHON) --version): some 650 MB, once."
	$(PYTHON) -m venv $(VENV)
	$(PIP) --quiet --target $(VENV)/.uv --require-hashes --only-binary :all: -r requirements/installer.txt || true
	$(call INSTALL,--require-hashes -r requirements/runtime.txt -r requirements/build.txt)
	$(call INSTALL,--quiet --no-deps --no-build-isolation --editable .)
	@$(BIN)/python requirements/spare.py
	@rm -rf $(VENV)/.uv
	@touch $@

$(VENV)/.installed: $(VENV)/.runtime requirements/dev.txt
	@echo "Installing what tests need into $(VENV): some 1,000 MB more, once."
	$(PIP) --quiet --target $(VENV)/.uv --require-hashes --only-binary :all: -r requirements/installer.txt || true
	$(call INSTALL,--require-hashes -r requirements/dev.txt)
	@rm -rf $(VENV)/.uv
	@touch $@

runtime: $(VENV)/.runtime ## Make the environment in .venv, with what the service needs

run: $(VENV)/.runtime ## Serve the API on http://localhost:5000
	@exec $(BIN)/face-api serve

# Tests wait much, for starts and ends of services: six processes for two cores, which four leave idle for a third of the
# time. Files are taken in their order, by which those that take long, which have few tests, come before the many of tests/unit.
PROCESSES ?= 6

test: install ## Run the tests, in PROCESSES processes
	$(BIN)/pytest -n $(PROCESSES) --dist loadgroup --no-loadscope-reorder

accuracy: install ## Run the tests of accuracy on all photos
	FACE_ACCURACY=full $(BIN)/pytest tests/accuracy

FACES ?= $(FACE_TEST_ASSETS)/faces/lfw-dev/images
MODEL ?= sface

calibrate: install ## Measure the thresholds that a model comes with: MODEL, from the photos in FACES
	$(BIN)/face-api calibrate --images $(FACES) --recognition $(MODEL) --data "LFW View 2, folds 1 to 5" \
		--output static/calibration/$(MODEL).toml

# Some environments choose the kernels of numpy's OpenBLAS: for processors older than this one.
PARTS ?= kernels image http peers search start memory
PAIRS ?= $(dir $(FACES))pairs.txt

bench: install ## Measure speed on the photos in FACES, and write docs/performance.md; with BRIEF=1 in a quarter of the time
	env -u OPENBLAS_CORETYPE -u OPENBLAS_L2_SIZE $(BIN)/python -m tests.benchmarks $(PARTS) $(if $(BRIEF),--brief) \
		$(if $(wildcard $(FACES)),--images $(FACES)) $(if $(wildcard $(PAIRS)),--pairs $(PAIRS)) \
		--from docs/performance.json --json docs/performance.json --page docs/performance.md

CLIENTS ?= /tmp/face-api-clients

clients: install ## Generate clients from the description of the API into CLIENTS, and use each: needs Java and Node
	$(BIN)/python -m tests.clients $(CLIENTS)

SITE ?= /tmp/face-api-docs

docs: install ## Write the command line's reference anew, and build the documentation as a site into SITE
	$(BIN)/python -m tests.reference
	$(BIN)/python -m tests.site $(SITE)

lint: install ## Check style and the direction of imports
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports

types: install ## Check types
	$(BIN)/mypy

FOREIGN := .venv-foreign-server

$(FOREIGN)/.installed: requirements/foreign-server.txt
	rm -rf $(FOREIGN)
	$(PYTHON) -m venv $(FOREIGN)
	$(BIN)/uv pip install -q --python $(FOREIGN) --require-hashes -r $< || \
		$(FOREIGN)/bin/python -m pip install -q --disable-pip-version-check --no-compile --require-hashes -r $<
	@touch $@

foreign: install ## Run networks on MLServer, a server that isn't ours, in an environment of its own
	@if $(BIN)/python -c 'import sys; sys.exit(sys.version_info >= (3, 13))'; then \
		$(MAKE) --no-print-directory $(FOREIGN)/.installed && $(BIN)/pytest tests/foreign_server; \
	else echo "MLServer needs Python 3.12 at most: not run." >&2; fi

SBOM ?= sbom.cdx.json

sbom: install ## Write the bill of materials, CycloneDX, to SBOM
	$(BIN)/python -m tests.supply_chain.sbom $(SBOM)

# ALLOW_OUTAGE=1: no failure where the vulnerability database can't be reached.
audit: install ## Look for known vulnerabilities of what is locked
	$(BIN)/python -m tests.supply_chain.audit $(if $(ALLOW_OUTAGE),--allow-outage) requirements/dev.txt requirements/build.txt

check: lint types test ## All of the above: green before each commit

format: install ## Format the code and mend what can be mended
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

COMPILE := $(BIN)/uv pip compile -q --generate-hashes --no-emit-index-url --no-header --universal --python-version 3.11

lock: ## Pin every dependency with its hash (requirements/*.txt)
	$(COMPILE) pyproject.toml -o requirements/runtime.txt
	$(COMPILE) --extra dev pyproject.toml -c requirements/runtime.txt -o requirements/dev.txt
	$(BIN)/python -c 'import tomllib; print(*tomllib.load(open("pyproject.toml", "rb"))["build-system"]["requires"], sep="\n")' \
		| $(COMPILE) - -c requirements/dev.txt -o requirements/build.txt
	echo uv | $(COMPILE) - -c requirements/dev.txt -o requirements/installer.txt
	printf '%s\n' mlserver onnxruntime | $(COMPILE) - -o requirements/foreign-server.txt
	echo 'onnxruntime-gpu[cuda,cudnn]' | $(filter-out --universal,$(COMPILE)) --python-platform x86_64-manylinux_2_28 \
		- -c requirements/runtime.txt -o requirements/cuda.txt

ROUNDS ?= 20

faults: install ## Kill processes of a service under load, in ROUNDS rounds
	$(BIN)/python -m tests.faults --rounds $(ROUNDS) --faces $(FACES)
	$(BIN)/python -m tests.faults.rotations --rounds $(ROUNDS) --faces $(FACES)

clean: ## Remove the environment and caches; your data stays
	rm -rf $(VENV) $(FOREIGN) .mypy_cache .ruff_cache .pytest_cache .hypothesis
