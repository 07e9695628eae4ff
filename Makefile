# make run    plays the `local` game on the embedded corpus and leaves its report in out/local
# make test   runs every check
# Both first set up what is missing: a virtual environment in .venv and, where we are root, system packages.

VENV := .venv
BIN := $(VENV)/bin
# One more than there are cores: many tests wait for a process of their own.
PROCESSES := $(shell expr $$(nproc) + 1)
BASE_PYTHON := $(shell command -v python3.11 || command -v python3)

.PHONY: run test setup system browser
.DELETE_ON_ERROR:

run: system $(VENV)/installed
	$(BIN)/paramgolf run local --out out/local

test: system browser $(VENV)/installed-dev
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/pytest --numprocesses $(PROCESSES) --no-loadscope-reorder

setup: system browser $(VENV)/installed-dev

# What the installed packages depend on is in pyproject.toml alone.
$(VENV)/installed: pyproject.toml | $(VENV)/bin/pip
	@echo "== installing paramgolf and what it needs (torch is the large part)"
	$(BIN)/pip install --editable .
	@touch $@

$(VENV)/installed-dev: pyproject.toml | $(VENV)/bin/pip
	@echo "== installing paramgolf, what it needs (torch is the large part) and the tools of the checks"
	$(BIN)/pip install --editable '.[dev]'
	@touch $@ $(VENV)/installed

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

