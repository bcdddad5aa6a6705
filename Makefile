# The two to know: "make run" measures, "make test" checks.
# ARGS go to the command: make run ARGS="--hold 30s"

BIN := .venv/bin
# Most tests wait: for whole seconds, for votes, for holds to end and for hosts to stand down. So
# three files go side by side on two cores, and four of those with hosts, which wait the most.
SIDE_BY_SIDE := -n 3 --dist loadfile --no-loadscope-reorder
# Where ansible-lint finds the collection under its own name.
COLLECTIONS := .venv/collections/ansible_collections
COMPILE := uv pip compile --universal --python-version 3.11 --generate-hashes --no-emit-index-url
FOR_HOSTS := deploy/roles/onionrig/files

.PHONY: help setup run dev lint test test-bed test-fast lock docs clean

help: ## say what the targets do (this)
	@awk -F':.*## ' '/^[a-z-]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' Makefile

setup: ## install what is missing: tor (never started), .venv with onionrig
	@scripts/setup.sh

run: setup ## measure: onionrig run $(ARGS)
	@$(BIN)/onionrig run $(ARGS)

dev: ## setup, and the tools of the tests
	@scripts/setup.sh dev

lint: dev ## the checks that run nothing
	@echo "test: ruff check"
	@$(BIN)/ruff check --quiet .
	@echo "test: ruff format --check"
	@$(BIN)/ruff format --quiet --check .
	@echo "test: mypy"
	@$(BIN)/mypy --no-error-summary
	@echo "test: lint-imports"
	@$(BIN)/lint-imports --no-cache
	@echo "test: codespell"
	@$(BIN)/codespell README.md CHANGELOG.md CONTRIBUTING.md docs src tests deploy benchmarks scripts
	@echo "test: ansible-lint"
	@mkdir -p $(COLLECTIONS)/onionrig && ln -sfn "$$PWD/deploy" $(COLLECTIONS)/onionrig/cluster
	@top=$$PWD && cd deploy && PATH="$$top/$(BIN):$$PATH" \
		ANSIBLE_COLLECTIONS_PATH="$$top/.venv/collections" ansible-lint --offline -q

test: lint ## every check and every test, real tor daemons included
	@echo "test: pytest"
	@$(BIN)/pytest --quiet $(SIDE_BY_SIDE) $(ARGS)

test-bed: dev ## emulated hosts and their links, and hosts with systemd and ssh, alone on the machine
	@echo "test: pytest tests/bed"
	@$(BIN)/pytest --quiet tests/bed $(ARGS)
	@echo "test: pytest tests/cluster"
	@$(BIN)/pytest --quiet $(SIDE_BY_SIDE) -n 4 tests/cluster $(ARGS)

test-fast: lint ## the checks, and the tests that start no tor
	@echo "test: pytest tests/unit tests/process"
	@$(BIN)/pytest --quiet $(SIDE_BY_SIDE) tests/unit tests/process $(ARGS)

lock: ## remake the lock files with uv; ARGS=--upgrade takes newer releases
	@command -v uv >/dev/null || { echo "lock: uv is missing; type: pipx install uv" >&2; exit 1; }
	@echo "lock: requirements.lock"
	@$(COMPILE) --quiet pyproject.toml -o requirements.lock $(ARGS)
	@echo "lock: requirements-dev.lock"
	@$(COMPILE) --quiet pyproject.toml --group dev -o requirements-dev.lock $(ARGS)
	@echo "lock: $(FOR_HOSTS)/requirements-node.lock"
	@$(COMPILE) --quiet --group pyproject.toml:node -c requirements.lock -o $(FOR_HOSTS)/requirements-node.lock $(ARGS)
	@echo "lock: $(FOR_HOSTS)/requirements-build.lock"
	@$(COMPILE) --quiet --group pyproject.toml:build -c requirements.lock -o $(FOR_HOSTS)/requirements-build.lock $(ARGS)

docs: dev ## write the outputs that README and docs quote again, from their commands
	@echo "docs: README.md, docs/"
	@$(BIN)/python scripts/make_docs.py

clean: ## remove .venv and every cache; results in runs/ stay
	@echo "clean: .venv, caches"
	@rm -rf .venv dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	@find src tests scripts -name __pycache__ -prune -exec rm -rf {} +
