# Two commands do everything: `make demo` and `make test`. Both make their own virtual environment in .venv.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
DEMO ?= out/demo
# The Neo4j server of the tests and benchmarks, any published version; those of 2025 and later need Java 21.
ifdef NEO4J
export ATTRIBUTION_NEO4J_VERSION = $(NEO4J)
endif

# Whom the machine trusts is asked where it keeps a list, as pip does: behind a company's proxy nothing is installed otherwise.
ifneq ($(wildcard /etc/ssl/certs/ca-certificates.crt /etc/pki/tls/certs/ca-bundle.crt),)
export UV_SYSTEM_CERTS ?= true
endif

.PHONY: demo test check format lock bench clean help
.DEFAULT_GOAL := help

help: ## Say what can be made
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## /  make \1\t/' | expand -t 16

demo: $(VENV)/.run ## Simulate a labelled world, run the engine on it, score it, and write the report
	@$(BIN)/attribution demo --out $(DEMO)

test: $(VENV)/.dev ## Run every test; Java, Maven and Chromium are installed where that is possible (NEO4J=2025.08.0: on that server)
	@tests/services.sh
	$(BIN)/python -m pytest -m "" -n 2

check: $(VENV)/.dev ## Format, lint, types, import contract, compose file, Dockerfile
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/check-jsonschema --builtin-schema vendor.compose-spec docker-compose.yml
	$(BIN)/hadolint deploy/Dockerfile

format: $(VENV)/.dev ## Format and mend what can be mended
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

bench: $(VENV)/.dev ## Run every benchmark beside its baseline (takes a while; QUICK=--quick: a minute each)
	@for script in benchmarks/bench_*.py; do echo "== $$script"; $(BIN)/python $$script $(QUICK) || exit 1; done

lock: $(VENV)/.dev ## Resolve the dependencies anew: versions and hashes, no addresses
	@for set in run dev build; do \
	  extra=$$(case $$set in run) echo "--extra api --extra neo4j";; dev) echo "--extra dev";; esac); \
	  input=$$(case $$set in build) echo requirements/build.in;; *) echo pyproject.toml;; esac); \
	  $(BIN)/uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
	    --no-emit-find-links --no-header $$extra $$input -o requirements/$$set.lock || exit 1; done

clean: ## Remove environments, caches and demo output
	rm -rf $(VENV) .cache .mypy_cache .ruff_cache .pytest_cache out build dist

# What is imported is compiled once, also where the environment forbids Python to do so by itself: each command would
# compile pandas, scipy and numba again, which takes longer than a small run. numba imports half of itself at the first
# call of a function that it compiled, so one is called.
COMPILE = env -u PYTHONDONTWRITEBYTECODE $(BIN)/python -c "import attribution.cli.app, attribution.pipeline, api.app; \
  from attribution.projection.pairs import fact_nats; fact_nats(2, 0.5)"

# A small world on the whole road compiles each of our own fast routines, so that no progress bar stands still for it later.
KERNELS = dir=$$(mktemp -d) && { $(BIN)/attribution --log error demo --accounts 600 --out $$dir > $$dir/log 2>&1 || true; rm -rf $$dir; }

# The installer comes by hash, everything else by hash through it; the project itself is installed from this folder.
$(VENV)/bin/uv: requirements/build.lock
	@echo "making the virtual environment $(VENV)"
	@$(PYTHON) -m venv $(VENV) || { echo "python3 has no venv module (on Debian: apt-get install python3-venv)"; exit 1; }
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/build.lock
	@touch $@

$(VENV)/.run: $(VENV)/bin/uv requirements/run.lock pyproject.toml
	@echo "installing locked dependencies"
	@test -e $(VENV)/.dev || $(BIN)/uv pip install --quiet --python $(BIN)/python --require-hashes -r requirements/run.lock
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation --editable .
	@$(COMPILE)
	@echo "compiling what must be fast (once; half a minute)"
	@$(KERNELS)
	@touch $@

$(VENV)/.dev: $(VENV)/bin/uv requirements/dev.lock pyproject.toml
	@echo "installing locked dependencies, tests and tools included"
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --require-hashes -r requirements/dev.lock
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation --editable .
	@$(COMPILE)
	@touch $@ $(VENV)/.run
