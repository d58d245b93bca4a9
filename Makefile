# make run · make test · make proofs · make check · make lock · make bench · make crash · make fuzz · make studio
# make train
# Each sets up what it needs: a virtual environment in .venv with the pinned requirements.

PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin

.PHONY: run test proofs check lock bench crash fuzz studio train programs clean
.DEFAULT_GOAL := help

help:
	@echo "make run     start the editor (ARGS='--port 8000' for options)"
	@echo "make test    run the tests (ARGS=--cov: with the lines that none reaches)"
	@echo "make proofs  the tests that take long, which make test leaves out"
	@echo "make check   formatter, linters, types"
	@echo "make lock    resolve every dependency anew, after a change of the requirements"
	@echo "make bench   measure; prints a table"
	@echo "make crash   kill servers and workers at random while clients edit, for five minutes (ARGS='60 --seed 3' for an"
	@echo "             hour, ARGS='--kills 1000' for so many kills)"
	@echo "make fuzz    send a server malformed requests, likewise"
	@echo "make studio  fifty simulated designers, four workers and PostgreSQL for an hour (ARGS='12 --kill': workers and the"
	@echo "             server are killed meanwhile, for twelve minutes)"
	@echo "make train   the training's whole recipe at toy size, in two minutes (SIZE=mini MINUTES=60 OUT=runs/mini: for real)"

run: $(VENV)/.run
	$(BIN)/python app.py $(ARGS)

test: $(VENV)/.dev programs
	$(BIN)/python -m pytest -n 2 --dist worksteal $(ARGS)

proofs: $(VENV)/.dev programs
	$(BIN)/python -m pytest -n 2 --dist worksteal -m proof $(ARGS)

check: $(VENV)/.dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/oxlint --quiet

# uv resolves for all systems at once, where pip knows only this one.
lock: $(VENV)/.run
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check uv==0.13.9
	@{ head -2 requirements.lock; \
	  $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --no-header requirements.txt requirements-dev.txt; \
	} > requirements.new && mv requirements.new requirements.lock
	@git diff --stat requirements.lock

bench: $(VENV)/.dev
	$(BIN)/python -m tests.bench $(ARGS)

crash: $(VENV)/.dev programs
	$(BIN)/python -m tests.campaigns.crash $(ARGS)

fuzz: $(VENV)/.dev
	$(BIN)/python -m tests.campaigns.fuzz $(ARGS)

studio: $(VENV)/.dev programs
	$(BIN)/python -m tests.campaigns.studio $(ARGS)

SIZE    ?= toy
MINUTES ?= 0.45
OUT     ?= runs/$(SIZE)
train: $(VENV)/.run
	for stage in base inpaint upsample; do \
	  $(BIN)/python -m pipelines.training $$stage --size $(SIZE) --minutes $(MINUTES) --out $(OUT) || exit 1; \
	done
	@echo "What it learned: $(OUT)/*/samples.png. To paint with it: make run ARGS='--pipeline glide:$(OUT)'"

# Some tests drive the system's Chromium, some a PostgreSQL server of their own, one needs photographs. They are installed where that needs no
# password; elsewhere these tests are skipped.
programs:
	@sh tests/programs.sh

$(VENV)/.run: requirements.txt requirements.lock
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
	  echo "Palimpsest needs Python 3.11 or newer; '$(PYTHON)' is $$($(PYTHON) --version 2>&1 || true)."; \
	  echo "Install one, or name it: make run PYTHON=python3.12"; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); \
	  echo "Python could not make a virtual environment. On Debian and Ubuntu: apt install python3-venv"; exit 1; }
	@echo "Setting up $(VENV): the first time takes some minutes (PyTorch is large)."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.txt -c requirements.lock || { \
	  echo "The requirements could not be installed: see above. The network is needed this once."; exit 1; }
	@touch $@

$(VENV)/.dev: requirements-dev.txt $(VENV)/.run
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements-dev.txt -c requirements.lock || { \
	  echo "The test tools could not be installed: see above."; exit 1; }
	@touch $@

clean:
	rm -rf $(VENV) .pytest_cache .ruff_cache .mypy_cache .hypothesis
