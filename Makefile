# Needs make and Python 3.11 to 3.14; everything else is installed into .venv by the first target
# that wants it. `make` alone prints what there is.

PYTHON ?= python3

PY = .venv/bin/python
CATNET = .venv/bin/catnet

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.NOTPARALLEL:
# Compiled once, not in each of some hundred processes, whatever the shell says of that.
unexport PYTHONDONTWRITEBYTECODE
unexport PYTHONPATH PYTHONHOME
export PYTHONNOUSERSITE = 1

.PHONY: help book axe pdf device site device-test test wheel-test lint record rerun seeds verify verify-platforms verify-studies benchmark time-studies large elsewhere search peers lock clean

help: ## print this list
	@echo "make TARGET, where TARGET is one of"
	@sed -n 's/^\([a-z-]*\):[^#]*## \(.*\)/  \1 - \2/p' Makefile

book: .venv/ready ## build the book from its recorded notebooks into _build/html (no images needed)
	@rm -rf _build/html _build/.doctrees
	@$(PY) -c 'from jupyter_book.cli.main import main; main()' build . --path-output . -q -W -n --keep-going
	@$(PY) tests/check_html.py _build/html
	@echo "The book is built. Open _build/html/index.html in a browser."

# The pages that `book` builds offer the PDF that CATNET_PDF names.
pdf: .venv/ready ## print the book as one PDF, by Chromium, and build the book that offers it
	@$(PY) -m catnet.report.pages.paper
	@rm -rf _build/singlehtml _build/.doctrees
	@$(PY) -c 'from jupyter_book.cli.main import main; main()' build . --path-output . \
	  --builder custom --custom-builder singlehtml -q -W -n --keep-going
	@$(PY) -m catnet.report.pages.paper _build/singlehtml/book/index.html _build/pdf/cat-or-not.pdf
	@$(MAKE) --no-print-directory book CATNET_PDF=_build/pdf/cat-or-not.pdf

axe: .venv/ready ## look for faults of accessibility in the built book, with axe in Chromium (QUICK=1: each theme in one width)
	@test -d _build/html || { echo "Build the book first: make book" >&2; exit 2; }
	@$(PY) tests/check_axe.py $(if $(QUICK),--quick) _build/html

device: .venv/ready ## put Python and NumPy for the reader's browser into the built book (fetches 94 MB once)
	@$(PY) device/pack.py _build/html

site: pdf device ## build the book as it is published: with its PDF, and to be checked on the reader's device

device-test: .venv/ready ## train in a headless Chromium from what `make device` put into the book, and compare all bits
	@$(PY) tests/browser/device.py

# One thread a process, as many processes as cores: faster, and no number depends on it.
test: export OPENBLAS_NUM_THREADS = 1
test: lint ## lint, run every test, then rerun the chapters and compare every output
	$(PY) -m pytest -n auto --dist worksteal
	$(PY) tests/run_nbval.py

wheel-test: .venv/ready ## build the package as users install it, and try it without src/
	$(PY) tests/try_wheel.py

lint: .venv/ready ## check style, types and what imports what
	$(PY) -m ruff check
	$(PY) -m mypy
	.venv/bin/lint-imports --no-logo --no-cache

record: .venv/ready ## run all chapters (or CHAPTER=03-adam-failure) and keep what they print
	$(CATNET) record $(CHAPTER)

rerun: .venv/ready ## run a chapter with other parameters: CHAPTER=4 PARAMS="-p learning_rate 0.003"
	@test -n "$(CHAPTER)" || { echo 'Say which chapter: make rerun CHAPTER=4 PARAMS="-p learning_rate 0.003"' >&2; exit 2; }
	$(CATNET) rerun $(CHAPTER) $(PARAMS)

seeds: .venv/ready ## search for the seed of a chapter, and record it: CHAPTER=2
	@test -n "$(CHAPTER)" || { echo 'Say which chapter: make seeds CHAPTER=2' >&2; exit 2; }
	$(CATNET) seeds $(CHAPTER)

verify: .venv/ready ## train again and compare every number with the record (or CHAPTER=3)
	$(CATNET) verify $(CHAPTER)

verify-platforms: .venv/ready ## check that other BLAS kernels, threads, SIMD levels, NumPys, Pythons and WebAssembly give the same bits
	$(PY) tests/platforms.py $(if $(QUICK),--quick)
	$(PY) tests/run_nbval.py appendix-same-bits.ipynb -p num_iterations $(if $(QUICK),20,100)

# One run of these may take minutes: networks of 512 units, or 50,000 images that are drawn first.
SLOW_STUDIES = $(patsubst %,studies/%.h5,learning-curve regularisation-drawn size size-drawn)
# Those of chapters 10 to 12.
LATER_STUDIES = regularisation regularisation-drawn size size-drawn learning-curve map-betas map-rate-epsilon map-batch-rate search spikes causes-drawn causes-photographs

verify-studies: export OPENBLAS_NUM_THREADS = 1
verify-studies: .venv/ready ## train some runs of each study again, taken at random (RUNS=3), and compare all bits (QUICK=1: of four studies, taken at random too)
	@printf '%s\n' $(filter-out $(if $(QUICK),$(SLOW_STUDIES)),$(wildcard studies/*.h5)) | $(if $(QUICK),shuf -n 4,cat) | xargs -n 1 -P "$$($(PY) -c 'import os; print(os.cpu_count())')" sh -c \
	  '$(CATNET) study "$$(basename "$$0" .h5)" --check $(or $(RUNS),3) --workers 1'

benchmark: _build/peers/ready ## time a training step against bare products and other libraries (8 minutes)
	_build/peers/bin/python benchmarks/run.py

time-studies: .venv/ready ## tell from a sample of their runs how long the studies of chapters 10 to 12 take (twenty minutes)
	$(PY) benchmarks/studies.py $(LATER_STUDIES)

large: .venv/ready ## train on 50,000 images from a file and from memory; measure memory and speed (five minutes)
	$(PY) benchmarks/large.py

elsewhere: _build/peers/ready ## try scikit-learn's methods for chapters 8 and 9, and record their answers
	_build/peers/bin/python studies/elsewhere.py
	_build/peers/bin/python studies/sceptic.py

search: _build/peers/ready ## tune Adam by a grid and by Optuna for chapter 11 (25 minutes; goes on where it was stopped)
	_build/peers/bin/python studies/search.py

peers: _build/peers/ready ## set up the other libraries, in an environment of their own

lock: .venv/ready ## bring requirements.lock up to date with pyproject.toml and the newest releases
	$(PY) -m uv pip compile --quiet --no-config --universal --python-version 3.11 \
	  --extra book --extra test --extra build --extra setup --generate-hashes --no-header --no-annotate --no-emit-index-url \
	  --upgrade --output-file requirements.lock pyproject.toml

clean: ## remove .venv, _build and caches (your own runs in reruns/ stay)
	rm -rf .venv _build dist .mypy_cache .pytest_cache .ruff_cache .hypothesis
	find . -name .git -prune -o \( -name __pycache__ -o -name .ipynb_checkpoints \) -type d -prune -exec rm -rf {} +

# Two stamps: a new lock file makes a new environment, a new pyproject.toml only installs catnet again.
.venv/ready: .venv/locked pyproject.toml
	@$(PY) -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

.venv/locked: requirements.lock
	@$(call check_python)
	@echo "Setting up .venv from requirements.lock ..."
	@$(call make_locked,.venv)
	@touch $@

# The same two for the libraries that only `make benchmark`, `make elsewhere` and `make search` need, which no lock file holds.
_build/peers/ready: _build/peers/locked pyproject.toml
	@echo "Fetching PyTorch, JAX, scikit-learn, scikit-image and Optuna ..."
	@_build/peers/bin/python -m pip install --quiet --disable-pip-version-check --no-build-isolation -e '.[peers,search]' || { \
	  echo "If that was for want of PyTorch's builds without CUDA: name PyTorch's own index of them in PIP_EXTRA_INDEX_URL" >&2; exit 1; }
	@touch $@

_build/peers/locked: requirements.lock
	@$(call check_python)
	@echo "Setting up _build/peers from requirements.lock ..."
	@$(call make_locked,_build/peers)
	@touch $@

# uv takes a tenth of pip's time; where it does not get through, as it does not read pip's settings,
# pip does.
define make_locked
$(PYTHON) -m venv --clear $(1) && \
sed -n '/^uv==/,/[^\\]$$/p' requirements.lock > $(1)/uv.lock && \
$(1)/bin/python -m pip install --quiet --disable-pip-version-check --no-compile --require-hashes -r $(1)/uv.lock && \
{ $(1)/bin/python -m uv pip install --quiet --python $(1)/bin/python --require-hashes -r requirements.lock 2>/dev/null || \
  $(1)/bin/python -m pip install --quiet --disable-pip-version-check --no-compile --require-hashes -r requirements.lock; }
endef

define check_python
command -v "$(PYTHON)" >/dev/null || { \
  echo "$(PYTHON) was not found: install Python 3.11 to 3.14, or say which one: make PYTHON=/path/to/python3" >&2; exit 2; }; \
"$(PYTHON)" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 15))' || { \
  echo "$(PYTHON) is $$("$(PYTHON)" -V 2>&1), but Python 3.11 to 3.14 is needed: make PYTHON=/path/to/python3" >&2; exit 2; }; \
"$(PYTHON)" -c 'import ensurepip, venv' 2>/dev/null || { \
  echo "$(PYTHON) cannot make virtual environments: install its venv module (on Debian and Ubuntu: apt install python3-venv)" >&2; exit 2; }
endef
