# `make help` lists what there is. `make run` and `make test` set everything up by themselves.
PYTHON = .venv/bin/python
PORT ?= 8000
WORKERS ?= logical

# The virtual environment knows by a stamp for which lock it was made: a changed lock installs anew, an interrupted
# installation leaves no stamp. The development lock contains the whole runtime lock, so it earns both stamps.
RUNTIME = .venv/.installed-$$(cksum < requirements.lock | cut -d' ' -f1)
DEVELOPMENT = .venv/.installed-$$(cksum < requirements-dev.lock | cut -d' ' -f1)

SUITABLE = 'import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 11))'

# $(call installed,stamp,lock,all stamps earned)
installed = \
  if ! { test -e $(1) && $(PYTHON) -c 'import django' 2>/dev/null; }; then \
    set -e; \
    if ! $(PYTHON) -c $(SUITABLE) 2>/dev/null || ! $(PYTHON) -m pip --version >/dev/null 2>&1; then \
      for python in python3 python3.13 python3.12 python3.11 none; do \
        $$python -c $(SUITABLE) 2>/dev/null && break; \
      done; \
      if [ $$python = none ]; then \
        echo 'Python 3.11 or newer with venv and ensurepip is needed (Debian, Ubuntu: apt install python3-venv).' >&2; \
        exit 1; \
      fi; \
      echo "Making .venv with $$($$python -V) ..."; \
      $$python -m venv --clear .venv; \
    fi; \
    rm -f .venv/.installed-*; \
    echo 'Installing $(2) into .venv (once) ...'; \
    $(PYTHON) -m pip install --quiet --disable-pip-version-check --no-input \
      --require-hashes --only-binary :all: -r $(2); \
    touch $(3); \
  fi

.PHONY: help
help: ## this list
	@sed -n 's/^\([a-z-]*\):.*## /  make \1	/p' Makefile | expand -t 18

.PHONY: run
run: runtime ## the seeded site on this machine; PORT=8123 chooses the port, DEMO=1 shows what `make demo` played
	@if [ -n "$(DEMO)" ]; then \
	  VAR_DIR=$${VAR_DIR:-$$PWD/var}/demo; export VAR_DIR; \
	  if ! [ -e "$$VAR_DIR/made-by-demo" ]; then echo 'There is no demo yet. Play it first: make demo' >&2; exit 1; fi; \
	fi; \
	exec $(PYTHON) manage.py run --port "$(PORT)"

.PHONY: test
test: development ## every test: on SQLite, then what touches the stores again on PostgreSQL and Redis
	@echo 'On SQLite and the embedded broker:'
	@env -u DATABASE_URL -u REDIS_URL $(PYTHON) -m pytest -n $(WORKERS) --maxprocesses 8 -q $(ARGS)
	@echo 'On PostgreSQL and Redis:'
	@$(PYTHON) -m tests.stores pytest --stores -n $(WORKERS) --maxprocesses 8 -q $(ARGS)

.PHONY: coverage
coverage: development ## which lines and branches the tests reach
	@$(PYTHON) -m pytest -n $(WORKERS) --maxprocesses 8 -q --cov --cov-report=term:skip-covered $(ARGS)

.PHONY: demo
demo: development ## play a whole week without a browser; the ledger at the end must balance
	@exec $(PYTHON) manage.py demo

.PHONY: bench
bench: development ## measure (tests/bench/README.md); ARGS=name chooses
	@$(PYTHON) -m tests.bench $(ARGS)

# Settings that a public site could have; nothing is connected to.
PUBLIC_SITE = PRODUCTION=1 SITE_URL=https://blog.example.org ALLOWED_HOSTS=blog.example.org \
  ASSOCIATION_NAME=Association ASSOCIATION_ADDRESS='1 Main Street' ASSOCIATION_ZONE=America/New_York \
  DATABASE_URL=postgres://site@db.example.org/site REDIS_URL=redis://redis.example.org/0 \
  EMAIL_URL=smtps://mail.example.org MAIL_FROM=series@example.org

.PHONY: check
check: export VAR_DIR = $(CURDIR)/.venv/var
check: development ## lint, format, types, import contracts, templates, migrations, deployment settings
	@echo 'ruff check'; $(PYTHON) -m ruff check .
	@echo 'ruff format'; $(PYTHON) -m ruff format --check .
	@echo 'mypy'; $(PYTHON) -m mypy naatbatt posts surveys manage.py
	@echo 'import contracts'; $(PYTHON) -c 'from importlinter.cli import lint_imports_command; lint_imports_command()' --no-cache
	@echo 'djlint'; $(PYTHON) -m djlint --lint --quiet templates
	@echo 'migrations'; env -u DATABASE_URL $(PYTHON) manage.py makemigrations --check --dry-run
	@echo 'deployment settings'; \
	  $(PUBLIC_SITE) SECRET_KEY=$$($(PYTHON) -c 'import secrets; print(secrets.token_urlsafe(50))') \
	    $(PYTHON) manage.py check --deploy --fail-level WARNING

.PHONY: fmt
fmt: development ## put code and imports into the project's form
	@$(PYTHON) -m ruff check --fix-only --quiet .
	@$(PYTHON) -m ruff format .

# Universal, with hashes, and naming no host: a lock says what is installed, not from where.
LOCK = pip compile pyproject.toml --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate

.PHONY: lock
lock: ## bring both locks up to date with pyproject.toml (needs uv); ARGS=--upgrade takes newer versions
	@command -v uv >/dev/null || { echo 'make lock needs uv on PATH (pipx install uv).' >&2; exit 1; }
	@uv $(LOCK) --output-file requirements.lock $(ARGS)
	@uv $(LOCK) --extra dev --constraints requirements.lock --output-file requirements-dev.lock $(ARGS)

.PHONY: clean
clean: ## remove the virtual environment and caches; var/ (the data) stays
	@rm -rf .venv .mypy_cache .ruff_cache .hypothesis .import_linter_cache .coverage htmlcov
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

.PHONY: runtime development
runtime:
	@$(call installed,$(RUNTIME),requirements.lock,$(RUNTIME))
development:
	@$(call installed,$(DEVELOPMENT),requirements-dev.lock,$(RUNTIME) $(DEVELOPMENT))
