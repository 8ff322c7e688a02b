# Everything the lab needs goes into .venv; only `make test` may add something to the system: Debian's Chromium.
PYTHON ?= python3
BIN := .venv/bin
STAMP := .venv/installed
BROWSER_PACKAGES := chromium fonts-noto-cjk

.DEFAULT_GOAL := setup
.PHONY: setup demo test lint bench load browser

# Make .venv and install into it; do nothing if nothing has changed.
setup: $(STAMP)

$(STAMP): requirements.txt requirements-dev.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
		echo "The lab needs Python 3.11 or newer; \`make PYTHON=… $(MAKECMDGOALS)\` takes another than $(PYTHON)." >&2; \
		exit 1; }
	@test -x $(BIN)/pip || $(PYTHON) -m venv --clear .venv
	@echo "Installing into .venv, which takes about half a minute …"
	@$(BIN)/python -m pip install -qq --disable-pip-version-check -r requirements.txt -r requirements-dev.txt
	@touch $@

# Run the lab until Ctrl-C.
demo: setup
	@exec $(BIN)/python app.py --nodes 2

# Pass all tests.
test: setup browser
	$(BIN)/python -m pytest

# Bring the browser and the Korean fonts of the browser tests, where that can be done; else say how. Never fail.
browser:
	@if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
		dpkg -s $(BROWSER_PACKAGES) >/dev/null 2>&1 || { \
			echo "Installing $(BROWSER_PACKAGES) …"; \
			export DEBIAN_FRONTEND=noninteractive; \
			apt-get update -qq && apt-get install -qq -y $(BROWSER_PACKAGES) >/dev/null; } || true; \
	fi
	@for name in chromium chromium-browser google-chrome; do ! command -v $$name >/dev/null || exit 0; done; \
		echo "No Chromium: browser tests are skipped. On Debian: apt-get install $(BROWSER_PACKAGES)" >&2

# What the linters and the type checker say.
lint: setup
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy

# What a request costs, beside what people would use instead.
bench: setup
	@$(BIN)/python -m bench

# All load experiments, one after the other, at full size. `make load LOAD='lookup-cost --quick'` runs less.
LOAD ?= all
load: setup
	@exec $(BIN)/python -m loadtests $(LOAD)
