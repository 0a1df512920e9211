# Two commands on a fresh machine (python3 with venv, and make): `make demo` and `make test`.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
# How many tests run side by side: more than there are cores, since they wait more than they compute.
JOBS ?= 8
STAMP := $(VENV)/.installed
COMPILED := $(VENV)/.compiled
RELEASE := $(VENV)/.release
TESTS := $(shell find tests -name 'test_*.py')

# Compiled modules are kept: the tests start the deck hundreds of times.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: demo test quick check again format imports mutants man schemas dist pex container bench bench-ci trace soak fuzz screenshot pictures site-pictures pages docs clean

demo: $(STAMP)
	@$(BIN)/rsdeck demo

test: $(COMPILED)
	$(BIN)/python -m pytest -q -n $(JOBS) --dist worksteal

# For every save: what needs neither real time, nor a process, nor a terminal.
quick: $(COMPILED)
	RSDECK_QUICK=1 $(BIN)/python -m pytest -q -n $(JOBS) --dist worksteal -m "not real_time and not terminal"

# The cheapest failure comes first.
check: $(STAMP)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/lint-imports
	$(BIN)/mypy
	@$(MAKE) --no-print-directory test

# What failed in the last run, alone; for .ci/run. Each name it prints is a fault to be found.
again: $(STAMP)
	$(BIN)/ruff format --check . && $(BIN)/ruff check . && $(BIN)/lint-imports && $(BIN)/mypy
	$(BIN)/python -m pytest -q -p no:xdist --last-failed --last-failed-no-failures none -v

format: $(STAMP)
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

# Imports go downstairs only: the contracts of pyproject.toml.
imports: $(STAMP)
	$(BIN)/lint-imports

# Faults put into what decides and protects, one at a time; hours for all of them.
# `make mutants ONLY='tui.fleet.orders.verdict.*'` for one module.
mutants: $(STAMP)
	$(BIN)/mutmut run --max-children $(JOBS) $(ONLY)
	$(BIN)/mutmut results

# The deck against raw ANSI, htop and a bare Textual table, with goals and verdicts.
bench: $(STAMP)
	$(BIN)/python benchmarks/bench.py

# Bytes, modules and painted lines: counts, which fail beyond their bounds on any machine.
bench-ci: $(STAMP)
	$(BIN)/python benchmarks/counts.py

# How many modules one reading and one order enter.
trace: $(STAMP)
	$(BIN)/python benchmarks/trace.py

# How long the deck is left in bad weather.
MINUTES ?= 3

soak: $(STAMP)
	$(BIN)/python benchmarks/soak.py --minutes $(MINUTES)

# Random keys, clicks, drags, wheel, resizes and pastes; SEED=n begins where a run failed.
INPUTS ?= 20000
SEED ?= 0

fuzz: $(STAMP)
	RSDECK_FUZZ_INPUTS=$(INPUTS) RSDECK_FUZZ_SEED=$(SEED) $(BIN)/python -m pytest -q -s tests/ui/test_fuzz.py

# The manual pages, from the commands' own help.
man: $(STAMP)
	$(BIN)/python docs/make_man.py man

# The JSON Schemas, from the code that writes the JSON and reads the configuration.
schemas: $(STAMP)
	$(BIN)/python docs/make_schemas.py docs/schemas

# What the site shows of the code: keys, commands, text screens.
pages: $(STAMP)
	$(BIN)/python docs/make_pages.py

# The text screens that the tests compare, and the pictures of the site that are made of them.
site-pictures: $(STAMP)
	UPDATE_GOLDEN=1 $(BIN)/python -m pytest -q -p no:xdist tests/ui/screens -k "golden or the_timeline"

# The site, in build/site.
docs: $(RELEASE)
	$(BIN)/python release/site.py

# The wheel and the source archive: built twice, compared, and tried in empty environments.
dist: $(RELEASE)
	$(BIN)/python release/dist.py

# One file for hosts without internet, from the wheel in dist/.
pex: $(RELEASE)
	@ls dist/*.whl >/dev/null 2>&1 || $(BIN)/python release/dist.py
	$(BIN)/python release/pex_file.py

# The image of deploy/container, or its steps where nothing here can build one.
# `make container BUILDER_WORDS="-v /etc/pip.conf:/etc/pip.conf:ro"` for a mirror of your own.
BUILDER_WORDS ?=

container: $(RELEASE)
	@ls dist/*.whl >/dev/null 2>&1 || $(BIN)/python release/dist.py
	$(BIN)/python release/container.py $(BUILDER_WORDS)

screenshot: $(STAMP)
	$(BIN)/python benchmarks/screenshot.py docs/deck.svg

# Every screen at four sizes in two themes, to be looked at: build/pictures/index.html.
# `make pictures SCREENS="--size 80x24 --theme dark matrix"` for some of them.
SCREENS ?=

pictures: $(STAMP)
	$(BIN)/python benchmarks/pictures.py build/pictures $(SCREENS)

clean:
	rm -rf $(VENV) build dist .mypy_cache .ruff_cache .pytest_cache .import_linter_cache mutants

$(STAMP): pyproject.toml constraints.txt
	@test -x $(BIN)/python || { echo "making $(VENV) and installing into it, once" && $(PYTHON) -m venv $(VENV); }
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev]'
	@touch $(STAMP)

# What is new in the tests is compiled once for all that run side by side, else each compiles it.
$(COMPILED): $(STAMP) $(TESTS)
	@$(BIN)/python -m pytest -q -p no:xdist --collect-only $(filter $(TESTS),$?) > /dev/null || true
	@touch $(COMPILED)

$(RELEASE): $(STAMP)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev,release]'
	@touch $(RELEASE)
