# Two commands on a machine with Python 3.11 or newer and nothing else:
#
#   make demo        all of introspect on Fashion-MNIST, into introspect-demo/
#   make test        format, lint, types, layers, then every test and doctest
#
# Each makes .venv first if there is none (PyTorch is several GB: a minute or more) and
# reuses it after that. For daily work:
#
#   make quick       the tests under ten seconds, until the first failure
#   make test-full   all tests with twenty times as many random examples
#   make test-light  what depends on torch, on an older one without torchvision, in .venv-light
#   make lint        format, lint, types, layers
#   make clean       remove the environments, caches and builds; never a demo's output
#
# ARGS is passed on: make demo ARGS="--epochs 1", make quick ARGS="tests/graph -k resnet".

SHELL := /bin/bash
.DELETE_ON_ERROR:
.PHONY: demo test quick test-full test-light lint clean debian

ARGS ?=
PACKAGES ?= dataset-fashion-mnist
LIGHT_TORCH := torch==2.13.0
INSTALLED := .venv/installed
INSTALLED_LIGHT := .venv-light/installed

# Looked up only when an environment is made.
PYTHON ?= $(shell for name in python3 python3.14 python3.13 python3.12 python3.11; do \
	$$name -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$name && break; done)

# Two workers for two cores; each loads a PyTorch of its own, which more of them would wait for.
# The profile "ci" draws the same examples every time and sets no deadline on a busy machine.
# One thread each, or the workers' threads wait for each other in turn.
ONE_THREAD := OMP_NUM_THREADS=1
PYTEST := -m pytest -n 2 --hypothesis-profile=ci

export PIP_DISABLE_PIP_VERSION_CHECK := 1
export PIP_ROOT_USER_ACTION := ignore

demo: $(INSTALLED)
	@$(MAKE) -s debian PACKAGES=dataset-fashion-mnist || echo "going on without the Debian package"
	.venv/bin/introspect demo $(ARGS)

test: lint
	$(ONE_THREAD) .venv/bin/python $(PYTEST) $(ARGS)

quick: $(INSTALLED)
	$(ONE_THREAD) .venv/bin/python $(PYTEST) -x -q -m "not slow" $(ARGS)

# A plugin, since Hypothesis knows no profile by name that the tests have not registered.
define FULL
import sys
import pytest

class ManyExamples:
    def pytest_configure(self):
        from hypothesis import settings
        settings.register_profile("full", max_examples=2000, deadline=None, print_blob=True)
        settings.load_profile("full")

sys.exit(pytest.main(sys.argv[1:], plugins=[ManyExamples()]))
endef
export FULL

test-full: lint
	$(ONE_THREAD) INTROSPECT_FULL=1 .venv/bin/python -c "$$FULL" $(ARGS)

# What depends on the version of torch; files, pages and charts do not.
# Without torchvision some modules with doctests cannot be imported: those skip and say so.
LIGHT_TESTS := tests/graph tests/tensors tests/compat tests/nouns tests/test_package.py \
	$(addprefix tests/history/,test_log.py test_codec_numbers.py test_ranks.py test_ends.py) \
	$(addprefix introspect/,graph tensors compat nouns)
test-light: $(INSTALLED_LIGHT)
	$(ONE_THREAD) .venv-light/bin/python $(PYTEST) --doctest-ignore-import-errors $(LIGHT_TESTS) $(ARGS)

lint: $(INSTALLED)
	.venv/bin/ruff format --check .
	.venv/bin/ruff check .
	.venv/bin/ty check --python .venv
	.venv/bin/lint-imports

clean:
	rm -rf .venv .venv-light build dist .pytest_cache .ruff_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -prune -exec rm -rf {} +

# A broken or half-made environment is made anew; an installation that was interrupted goes on.
# Debian keeps venv in a package of its own.
define make_environment
	@test -n "$(PYTHON)" || { echo "make: found no Python 3.11 or newer; name one with PYTHON=" >&2; exit 1; }
	@$(1)/bin/python -c 'import pip' 2>/dev/null || { \
		echo "making $(1) with $(PYTHON)"; \
		$(PYTHON) -m venv --clear $(1) >/dev/null 2>&1 || { \
			$(MAKE) -s debian PACKAGES=python3-venv; $(PYTHON) -m venv --clear $(1); }; }
endef

$(INSTALLED): pyproject.toml constraints.txt
	$(call make_environment,.venv)
	@echo "installing into .venv; PyTorch is several GB, this takes a minute or more"
	@.venv/bin/python -m pip install -qq -c constraints.txt -e '.[demo,notebook,page,movie,tensorboard,data,test,browser,peers]'
	@touch $@

$(INSTALLED_LIGHT): pyproject.toml constraints.txt
	$(call make_environment,.venv-light)
	@echo "installing into .venv-light, $(LIGHT_TORCH) first"
	@sed '/^torch/d' constraints.txt > .venv-light/constraints.txt
	@.venv-light/bin/python -m pip install -qq -c .venv-light/constraints.txt $(LIGHT_TORCH)
	@.venv-light/bin/python -m pip install -qq -c .venv-light/constraints.txt -e '.[test,page]' torchinfo torchview torchviz
	@touch $@

# Debian packages, for root alone, and only those that are missing.
debian:
	@if test "$$(id -u)" != 0 || ! command -v apt-get >/dev/null; then exit 0; fi; \
	missing=$$(for name in $(PACKAGES); do \
		dpkg-query -W -f '$${Status}' $$name 2>/dev/null | grep -q 'ok installed' || echo $$name; done); \
	if test -z "$$missing"; then exit 0; fi; \
	echo "installing" $$missing; \
	install() { DEBIAN_FRONTEND=noninteractive apt-get -qq -y --no-install-recommends \
		-o DPkg::Lock::Timeout=300 install $$missing >/dev/null; }; \
	install 2>/dev/null || { apt-get -qq update && install; }
