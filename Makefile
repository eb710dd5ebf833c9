# Every target that needs the environment makes it first.
PYTHON ?= python3
BIN := .venv/bin
READY := .venv/.ready
SITE := .venv/.docs

.PHONY: demo test slow lint format bench certify docs clean

$(READY): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "Ogive needs Python 3.11 or newer; set it with: make PYTHON=/path/to/python3.11"; exit 1; }
	@echo "Making .venv and installing Ogive with what it needs (a few minutes, once)"
	@$(PYTHON) -m venv .venv
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev]'
	@touch $(READY)

$(SITE): $(READY)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[docs]'
	@touch $(SITE)

demo: $(READY)  ## run the main job: choose an activation function for the digits data
	@mkdir -p demo
	@$(BIN)/ogive choose digits --store demo/digits.sqlite --report demo/digits.html

test: $(READY)  ## run the tests, the long sweeps apart
	@$(BIN)/python -m pytest -q -n 2 --dist loadfile

slow: $(READY)  ## run the exhaustive sweeps and the long studies
	@$(BIN)/python -m pytest -q -m slow

lint: $(READY)  ## style, types and the direction of imports
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports

format: $(READY)
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

bench: $(READY)  ## batched training beside a plain loop; functions beside their peers
	@$(BIN)/python benchmarks/study.py
	@$(BIN)/python benchmarks/functions.py --data $(or $(TMPDIR),/tmp)/ogive-speed.json

certify: $(READY)  ## judge every function's accuracy: some hours on two cores, in the background if you add &
	@$(BIN)/python benchmarks/certify.py

docs: $(SITE)  ## build the guide, the atlas and the reference into build/site
	@PYTHONPATH=tools $(BIN)/python -m website build/site

clean:
	rm -rf .venv demo build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
