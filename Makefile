# The two commands of the README, and what developers need. Each target does its own set-up.
# Windows: see README, "On Windows".

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
REAL := build/real
STAMP := $(VENV)/.installed

.PHONY: demo test real check gui run lint house translations shots crash monkey help package frozen-test models cases fuzz lock

help: ## what there is
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/'

demo: $(STAMP) ## the sample through the real queue and worker, then the window
	@$(BIN)/python packaging/real_weights.py --into $(REAL) || true
	@$(BIN)/fi-desktop demo --models $(REAL)/models

# a process a core; one that is done early takes tests from the others
PARALLEL := -n auto --dist worksteal

test: $(STAMP) ## every test
	$(BIN)/python -m pytest $(PARALLEL)

real: $(STAMP) ## tests with real Whisper weights, downloaded once (150 MB); skipped if unavailable
	$(BIN)/python packaging/real_weights.py --into $(REAL)
	$(BIN)/python -m pytest -m real tests/real

check: $(STAMP) lint ## style, types, layers, and the quick tests
	$(BIN)/python -m pytest $(PARALLEL) -m "not slow"

gui: $(STAMP) ## every test of the window: on a laptop's screen at 125 %, with Noto Sans, with a screen reader
	$(BIN)/python -m tests.gui.environments $(ENVIRONMENTS)

lint: $(STAMP) ## style, types, layers
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

house: $(STAMP) ## count modules, names, import circles, retired words: what keeps the source easy to enter
	@$(BIN)/python packaging/house.py

translations: $(STAMP) ## look for new words of the window, and compile what is translated
	$(BIN)/python packaging/translations.py

run: $(STAMP) ## the window
	$(BIN)/fi-desktop

MINUTES ?= 5
fuzz: $(STAMP) ## damaged recordings of many formats through the decoder, for MINUTES=5 or by FUZZ="--inputs 20000"
	$(BIN)/python -m tests.fuzz $(if $(FUZZ),$(FUZZ),--minutes $(MINUTES))

ROUNDS ?= 200
crash: $(STAMP) ## kill the app and its workers, ROUNDS=200 times, and look what is left
	$(BIN)/python -m tests.crash.harness $(ROUNDS)

MONKEYS ?= 20
monkey: $(STAMP) ## MONKEYS=20 times 5,000 random events on the whole window, with jobs under way
	MONKEYS=$(MONKEYS) QT_QPA_PLATFORM=offscreen $(BIN)/python -m pytest -q tests/gui/test_monkey.py

CASES ?= ../shared/cases
cases: $(STAMP) ## recordings of the kinds that people report, made by the scripts in CASES=FOLDER with ffmpeg and sox
	@$(BIN)/python -m tests.cases $(CASES)

shots: $(STAMP) ## pictures of every view, light and dark, English and Spanish, at two sizes, into build/shots
	xvfb-run -a -s "-screen 0 2800x1800x24" $(BIN)/python -m tests.gui.shots $(VIEWS)

$(STAMP): pyproject.toml requirements.lock packaging/system_libraries.py
	@$(PYTHON) -c 'import sys; ok = (3, 11) <= sys.version_info[:2] <= (3, 13); \
	  sys.exit(0 if ok else "Python 3.11 to 3.13 is needed; say which with: make PYTHON=python3.12 ...")'
	$(PYTHON) packaging/system_libraries.py
	$(PYTHON) -m venv $(VENV)
	@echo "Installing the Python packages into $(VENV): a few minutes, this once."
	@$(BIN)/python -m pip install -qq --disable-pip-version-check --require-hashes --no-deps -r requirements.lock
	@$(BIN)/python -m pip install -qq --disable-pip-version-check --no-build-isolation --editable ".[dev]"
	@touch $@

lock: ## pin the packages for development and CI again, in requirements.lock (needs uv)
	$(PYTHON) packaging/lock.py

FLAVOUR ?= light full
package: $(STAMP) ## the program for people without Python, as packages of this system, into dist/ (FLAVOUR=light)
	$(BIN)/python packaging/build.py $(addprefix --flavour ,$(FLAVOUR))

frozen-test: $(STAMP) ## what `make package` left in dist/, moved, on a fresh account, with no network
	$(BIN)/python -m pytest -ra tests/e2e/test_frozen.py

models: $(STAMP) ## model packs to be given out with the program, into resources/models (MODELS="tiny community-1")
	$(BIN)/python packaging/fetch_models.py $(MODELS)
