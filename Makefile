# Every target installs what it needs (Debian 12, root, Python 3.11, Go 1.26). `make help` lists them.
.DEFAULT_GOAL := help
.PHONY: help demo test check bench proto setup tools lock clean
PYTHON := .venv/bin/python

help: ## this list
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/  make \1\t\2/p' Makefile | expand -t 16

demo: setup ## build examples/hello and push it to a registry of its own
	@$(PYTHON) -m scripts.demo

test: check ## lint, types and all tests; what CI runs
	@scripts/build-tools buildkit-oldest >/dev/null
	@timeout --foreground -s INT -k 60 40m $(PYTHON) -m pytest

check: setup ## lint, types, and whether runner/wire is up to date
	@.venv/bin/ruff check .
	@.venv/bin/ruff format --check .
	@.venv/bin/mypy
	@$(PYTHON) proto/generate.py --check

bench: setup ## measure against buildctl
	@$(PYTHON) -m benchmarks --tools "$$(scripts/build-tools buildkit)"

proto: setup ## generate runner/wire from proto/
	@$(PYTHON) proto/generate.py

setup: ## packages, .venv with the command in it, tools
	@scripts/setup

tools: ## build buildkitd and buildctl; their folder is the last line
	@scripts/build-tools buildkit

lock: ## write requirements.lock anew, with the newest versions
	@scripts/lock

clean: ## remove what was made inside the checkout
	rm -rf .venv *.egg-info .mypy_cache .pytest_cache .ruff_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
