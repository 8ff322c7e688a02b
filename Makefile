# Everything the lab needs goes into .venv; only `make test` may add something to the system: Debian's Chromium.
PYTHON ?= python3
BIN := .venv/bin
BROWSERS := chromium-headless-shell chromium chromium-browser google-chrome

# Where it is set, each of the processes that a lab starts would compile every module again, for two seconds.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := setup
.PHONY: setup demo test test-fast lint translations bench load lock browser what-runs

# Make .venv and install everything into it; do nothing if nothing has changed.
setup:
	@$(PYTHON) install.py dev

# The same, with nothing but what runs the lab.
what-runs:
	@$(PYTHON) install.py run

# Run the lab until Ctrl-C.
demo: what-runs
	@exec $(BIN)/python app.py --nodes 2

# Pass all tests.
test: setup browser
	$(BIN)/python -m pytest

# Pass those that need no browser and no lab of their own, and search for nothing: for while one writes.
test-fast: setup
	$(BIN)/python -m pytest -m 'not browser and not own_processes and not search and not nightly'

# Bring the browser and the Korean fonts of the browser tests, where that can be done; else say how. Never fail.
# The headless shell takes a third of the processor time that a desktop's Chromium takes.
INSTALL := DEBIAN_FRONTEND=noninteractive apt-get install -qq -y fonts-noto-cjk
browser:
	@if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null && ! { \
		command -v $(firstword $(BROWSERS)) && dpkg -s fonts-noto-cjk; } >/dev/null 2>&1; then \
		echo "Installing $(firstword $(BROWSERS)) and fonts-noto-cjk ..."; \
		apt-get update -qq; \
		{ $(INSTALL) $(firstword $(BROWSERS)) || $(INSTALL) chromium; } >/dev/null || true; \
	fi
	@for name in $(BROWSERS); do ! command -v $$name >/dev/null || exit 0; done; \
		echo "No Chromium: browser tests are skipped. On Debian: apt-get install chromium fonts-noto-cjk" >&2

# What the linters and the type checker say.
lint: setup
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy

# After a change of words: bring translations/ up to date with the messages in the code, and compile it. pybabel takes
# "% of" for a placeholder, reports five errors and compiles all the same: tests/project/test_translations.py is what judges.
TEMPLATE := instance/messages.pot
translations: setup
	@mkdir -p $(dir $(TEMPLATE))
	$(BIN)/pybabel --quiet extract -F babel.cfg -k lazy_gettext -k BadKeyRing -k RingBusy -k RefusedCommand:3 --no-location -o $(TEMPLATE) .
	$(BIN)/pybabel --quiet update -i $(TEMPLATE) -d translations --no-fuzzy-matching --ignore-obsolete
	@$(BIN)/pybabel --quiet compile -d translations 2>/dev/null || true
	@$(BIN)/pybabel --quiet compile -d translations -D terminal

# What a request costs, beside what people would use instead. `make bench BENCH='--connections 1 16 64'` measures more.
BENCH ?=
bench:
	@$(PYTHON) install.py bench
	@exec $(BIN)/python -m bench $(BENCH)

# All load experiments, one after the other, at full size. `make load LOAD='lookup-cost --quick'` runs less.
LOAD ?= all
load: what-runs
	@exec $(BIN)/python -m loadtests $(LOAD)

# Pin what the requirements bring with them, with hashes, for every Python and system. What is pinned already stays.
COMPILE := $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	--custom-compile-command 'make lock'
lock: setup
	$(COMPILE) requirements-dev.txt --output-file locks/dev.txt
	$(COMPILE) requirements-bench.txt --constraints locks/dev.txt --output-file locks/bench.txt
	$(COMPILE) requirements-run.txt --constraints locks/dev.txt --output-file locks/run.txt
	echo pip | $(COMPILE) - --constraints locks/dev.txt --output-file locks/pip.txt
	echo uv | $(COMPILE) - --constraints locks/dev.txt --output-file locks/uv.txt
