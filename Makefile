# make run    plays the `local` game on the embedded corpus and leaves its report in out/local
# make test   runs every check
# make quick  runs the checks that take seconds: lint, types, imports, workflows and the tests that are not marked slow
# make lock   writes requirements/*.txt anew from pyproject.toml
# The first three set up what is missing: a virtual environment in .venv and, where we are root, system packages.

ifneq ($(shell uname -s),Linux)
$(error paramgolf needs Linux: on Windows take WSL2 (wsl --install), elsewhere a container: see CONTRIBUTING.md)
endif

VENV := .venv
BIN := $(VENV)/bin
# One more than there are cores: many tests wait for a process of their own.
PROCESSES := $(shell expr $$(nproc) + 1)
BASE_PYTHON := $(shell command -v python3.11 || command -v python3)

# The lock leaves torch out: its CPU and CUDA builds have one version and different hashes.
TORCH := $(shell sed -n 's/^ *"\(torch==[^"]*\)".*/\1/p' pyproject.toml)
COMPILE := $(VENV)/lock/bin/pip-compile --quiet --generate-hashes --strip-extras --build-deps-for editable \
	--unsafe-package torch --no-emit-index-url --no-emit-find-links --no-emit-trusted-host

.PHONY: run test quick lint setup install system browser lock
.DELETE_ON_ERROR:

run: system $(VENV)/installed
	$(BIN)/paramgolf run local --out out/local

test: system browser lint
	$(BIN)/pytest --numprocesses $(PROCESSES) --no-loadscope-reorder

quick: lint
	$(BIN)/pytest --numprocesses $(PROCESSES) -m "not slow"

lint: $(VENV)/installed-dev
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/zizmor --offline --no-progress --quiet .github/workflows

setup: system browser $(VENV)/installed-dev

install: $(VENV)/installed

# First what is locked, checked by hash; then torch, whose own dependencies are locked too; then this project alone.
install_locked = $(BIN)/pip install --require-hashes --requirement $(1) \
	&& $(BIN)/pip install $(TORCH) && $(BIN)/pip install --no-deps --no-build-isolation --editable .

$(VENV)/installed: requirements/run.txt pyproject.toml | $(VENV)/bin/pip
	@echo "== installing paramgolf and what it needs (torch is the large part)"
	$(call install_locked,$<)
	@touch $@

$(VENV)/installed-dev: requirements/dev.txt pyproject.toml | $(VENV)/bin/pip
	@echo "== installing paramgolf, what it needs (torch is the large part) and the tools of the checks"
	$(call install_locked,$<)
	@touch $@ $(VENV)/installed

lock: $(VENV)/lock/bin/pip-compile
	$(COMPILE) --output-file requirements/run.txt pyproject.toml
	$(COMPILE) --extra dev --constraint requirements/run.txt --output-file requirements/dev.txt pyproject.toml

$(VENV)/lock/bin/pip-compile: | $(VENV)/bin/pip
	$(BASE_PYTHON) -m venv $(VENV)/lock
	$(VENV)/lock/bin/pip install --quiet pip-tools==7.6.2

$(VENV)/bin/pip:
	@test -n "$(BASE_PYTHON)" || { echo "python3 is missing: apt-get install python3 python3-venv"; exit 1; }
	@echo "== making a virtual environment in $(VENV)"
	@$(BASE_PYTHON) -c 'import ensurepip' 2>/dev/null || $(call system_package,python3-venv) \
		|| { echo "Python cannot make virtual environments: apt-get install python3-venv"; exit 1; }
	$(BASE_PYTHON) -m venv $(VENV)

# bubblewrap: the sandbox; without it `run` scores without one and says so. g++: torch.compile on a CPU needs it.
system:
	@command -v bwrap >/dev/null || $(call system_package,bubblewrap) \
		|| echo "NOTICE: bubblewrap is missing, so artifacts run without a sandbox: apt-get install bubblewrap"
	@command -v g++ >/dev/null || command -v clang++ >/dev/null || $(call system_package,g++) \
		|| echo "NOTICE: no C++ compiler, so training is slower: apt-get install g++"

# chromium: the tests look at the leaderboard's site in it.
browser:
	@command -v chromium >/dev/null || $(call system_package,chromium) \
		|| echo "NOTICE: chromium is missing, so the tests of the site fail: apt-get install chromium"

# A Debian package, where we may install one.
system_package = { test "$$(id -u)" = 0 && command -v apt-get >/dev/null && echo "== installing $(1)" \
	&& { apt-get install -y --no-install-recommends $(1) >/dev/null 2>&1 \
	|| { apt-get update -qq && apt-get install -y --no-install-recommends $(1) >/dev/null; }; }; }

