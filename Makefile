# Every target is one line over the `nexttrack` command or the benchmarks; `make help` lists them.
# Nothing outside this folder is read from or written to: uv, its cache, the environment and every tool's
# settings live here. UV_CACHE_DIR=/some/cache make book  reuses packages that you already have.
PYTHON ?= python3
PEERS_PYTHON ?= $(PYTHON)
UV_VERSION = 0.13.9
# Of what is set outside, only where packages come from is heeded, and what is the project's own.
PIP_HEEDED = PIP_INDEX_URL PIP_EXTRA_INDEX_URL PIP_FIND_LINKS PIP_TRUSTED_HOST PIP_CERT PIP_CLIENT_CERT PIP_PROXY PIP_%TIMEOUT PIP_RETRIES PIP_CONFIG_FILE
UV_HEEDED = UV_CACHE_DIR UV_DEFAULT_INDEX UV_INDEX_% UV_INSECURE_HOST UV_KEYRING_PROVIDER UV_HTTP_% UV_CONCURRENT_% UV_OFFLINE UV_LINK_MODE UV_CONFIG_FILE
PYTHON_HEEDED = PYTHON PYTHONDONTWRITEBYTECODE PYTHONUNBUFFERED
SETTINGS = UV_% PIP_% PYTHON% CONDA_% VIRTUAL_ENV JUPYTER_% IPYTHON% MATPLOTLIB% MPL% QUARTO_%
unexport $(filter-out $(UV_HEEDED) $(PIP_HEEDED) $(PYTHON_HEEDED),$(filter $(SETTINGS),$(.VARIABLES)))
export UV_CACHE_DIR ?= $(CURDIR)/.cache/uv
export UV_SYSTEM_CERTS = 1
export UV_PYTHON_PREFERENCE = only-system
export PYTHONUTF8 = 1
export XDG_CACHE_HOME = $(CURDIR)/.cache
export MPLCONFIGDIR = $(CURDIR)/.cache/matplotlib
export IPYTHONDIR = $(CURDIR)/.cache/ipython
export JUPYTER_DATA_DIR = $(CURDIR)/.cache/jupyter/data
export JUPYTER_RUNTIME_DIR = $(CURDIR)/.cache/jupyter/runtime
export KAGGLEHUB_CACHE = $(CURDIR)/.cache/kagglehub
NEXTTRACK = .venv/bin/nexttrack
BENCHMARKS = .venv/bin/python -m benchmarks
# A reader's environment renders the book, and is a part of the whole one: where that is, it serves.
READER = $(if $(wildcard .venv/ready),.venv/ready,.venv/reader)
WHOLE = --extra book
export GOALS = $(MAKECMDGOALS)
CACHES = .cache .pytest_cache .ruff_cache .mypy_cache .import_linter_cache .hypothesis .ipynb_checkpoints
MADE_WITHIN = -depth \( -name __pycache__ -o -name .ipynb_checkpoints -o -name '*.egg-info' -o -name '*.quarto_ipynb' \) -exec rm -rf {} +
LIBRARY = kernels features clustering models evaluation

.DEFAULT_GOAL := help
.PHONY: help book serve setup test data rerun reset check check-all lab tune bench bench-peers scaling search api lint clean

help: ## List the targets
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1	\2/p' $(MAKEFILE_LIST) | expand -t 20

book: $(READER) ## Render the book as stored (needs no data): _book/index.html
	@$(NEXTTRACK) book render

serve: $(READER) ## Open the rendered book in a browser, with search (on this machine only)
	@$(NEXTTRACK) book serve

setup: .venv/ready ## Install all that chapters, tests and tools need, not only what renders the book

test: .venv/ready .venv/compiled ## Run every test, on the simulated sample edition (needs no data)
	@.venv/bin/python -m pytest -n auto --dist loadgroup

data: .venv/ready ## Download and clean the real data (Kaggle, GroupLens)
	@$(NEXTTRACK) data get && $(NEXTTRACK) data clean

rerun: .venv/ready ## Execute the chapters that are not fresh on the data at hand, then render the book
	@$(NEXTTRACK) book execute && $(NEXTTRACK) book readme && $(NEXTTRACK) book render

reset: ## Put the stored chapters back as they were committed
	@git checkout -- index.ipynb chapters

check: .venv/ready ## Execute what is not fresh on the real data in a copy and compare each number with the stored one
	@$(NEXTTRACK) book check

check-all: .venv/ready ## Check every chapter, the fresh ones too
	@$(NEXTTRACK) book check --all

lab: .venv/ready ## Open the chapters in JupyterLab
	@$(NEXTTRACK) book lab

tune: .venv/ready ## Tune every model on validation data, in some hours; results/tuning.csv, other-splits.csv, model-spread.csv, pair-spread.csv, both.csv
	@$(NEXTTRACK) tune && $(NEXTTRACK) other-splits && $(NEXTTRACK) both

bench: .venv/ready ## Measure how long each step and each recommender takes, against its limit or a rival, in up to two hours
	@$(BENCHMARKS) steps && $(BENCHMARKS) metrics && $(BENCHMARKS) models && $(BENCHMARKS) growth && $(BENCHMARKS) costs && $(BENCHMARKS) finding && $(BENCHMARKS) answering

bench-peers: .venv/ready benchmarks/peers_env/.venv/ready ## Compare ALS, item kNN and metrics with LensKit and ranx (installs some 6 GB); results/peers.csv, metrics.csv
	@$(BENCHMARKS) peers && $(BENCHMARKS) metrics --peers

scaling: .venv/ready ## Measure how each fit's seconds and memory grow with the catalogue, in up to an hour; results/scaling.csv
	@$(BENCHMARKS) fits

search: .venv/ready ## Measure exact and approximate search for neighbours, in some ten minutes; results/search.csv
	@$(BENCHMARKS) search

api: .venv/ready ## Make pages of the library's functions: _api/index.html
	@.venv/bin/pdoc --docformat google --output-directory _api $(filter-out %/__init__.py,$(wildcard $(LIBRARY:%=src/nexttrack/%/*.py)))

lint: .venv/ready ## Check style, of code and notebooks, who imports whom, and the library's types
	@.venv/bin/ruff check . && .venv/bin/ruff format --check . && .venv/bin/lint-imports --no-logo --no-cache && .venv/bin/mypy

clean: ## Remove everything that make made here (never data/)
	@rm -rf .venv benchmarks/peers_env/.venv .uv .quarto .quarto-cli _book _book.* ._book-old _api chapters/sound-map.html chapters/try-it.html $(CACHES) && find src tests benchmarks chapters install $(MADE_WITHIN)

.venv/ready: uv.lock pyproject.toml | .uv/bin/uv
	@rm -f .venv/reader && sh install/packages.sh . "$(PYTHON)" $(WHOLE) && touch $@

.venv/reader: uv.lock pyproject.toml | .uv/bin/uv
	@sh install/packages.sh . "$(PYTHON)" --only-group render && touch $@

# Tests start some hundred processes, each of which would compile what it imports where none may write.
.venv/compiled: .venv/ready
	@.venv/bin/python -m compileall -q -j 0 .venv/lib > /dev/null 2>&1; touch $@

benchmarks/peers_env/.venv/ready: benchmarks/peers_env/uv.lock benchmarks/peers_env/pyproject.toml | .uv/bin/uv
	@sh install/packages.sh benchmarks/peers_env "$(PEERS_PYTHON)" && touch $@

# pip asks rustc for its version, and a rustup would write settings into the home folder.
.uv/bin/uv: export RUSTUP_HOME = $(CURDIR)/.cache/rustup
.uv/bin/uv:
	@sh install/uv.sh "$(PYTHON)" $(UV_VERSION)
