# Venice Studio. `make run` starts it; `make help` lists the rest.

.DEFAULT_GOAL := help
.SILENT:
SHELL := /bin/sh

PIP := .venv/bin/python -m pip install --quiet --quiet --disable-pip-version-check --no-input
SOURCES := venice_site gallery chat bench manage.py
STATIC := $(shell find static gallery/static chat/static venice_site/static 2>/dev/null)
TESTS ?=
ROUNDS ?= 5
CALLS ?= 10000

help: ## list what can be made
	awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-8s %s\n", $$1, $$2 }' Makefile

run: .venv/.runtime staticfiles/.stamp ## start Venice Studio; Ctrl-C stops it
	exec .venv/bin/python manage.py serve

test: .venv/.development staticfiles/.stamp ## run the tests, the first journey in a real browser included
	command -v chromium >/dev/null || command -v chromium-browser >/dev/null || command -v google-chrome >/dev/null || { \
	  echo "The journeys need Chromium, which is not installed. On Debian and Ubuntu: apt-get install chromium" >&2; \
	  exit 1; }
	command -v initdb >/dev/null || ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 || { \
	  echo "The races need PostgreSQL, which is not installed. On Debian and Ubuntu: apt-get install postgresql" >&2; \
	  exit 1; }
	command -v curl >/dev/null || { \
	  echo "The samples need curl, which is not installed. On Debian and Ubuntu: apt-get install curl" >&2; \
	  exit 1; }
	node -e fetch >/dev/null 2>&1 || { \
	  echo "The samples need Node.js 18 or later, which is not installed. On Debian and Ubuntu: apt-get install nodejs" >&2; \
	  exit 1; }
	command -v exiftool >/dev/null || { \
	  echo "The readers need exiftool, which is not installed. On Debian and Ubuntu: apt-get install libimage-exiftool-perl" >&2; \
	  exit 1; }
	echo "Running the tests."
	.venv/bin/python -m pytest -n auto --maxprocesses 4 --dist loadgroup $(or $(TESTS),-m "not long")

journeys: .venv/.development staticfiles/.stamp ## go through the whole product in a real browser, and kill its processes
	.venv/bin/python -m pytest -n 2 --dist loadgroup -m long

races: .venv/.development ## let processes race for the last unit for long, on SQLite and PostgreSQL
	.venv/bin/python -m tests.races --rounds $(ROUNDS)

postgres: .venv/.development staticfiles/.stamp ## run the tests of the rooms on PostgreSQL
	.venv/bin/python -m tests.postgres .venv/bin/python -m pytest -n auto --dist loadgroup \
	  $(or $(TESTS),tests/accounts tests/venice tests/gallery tests/chat tests/scenarios tests/test_access.py)

soak: .venv/.development ## carry out 10,000 calls with random faults, and hold the books against each other
	.venv/bin/python -m tests.soak --calls $(CALLS)

lint: .venv/.development ## check the style of the code
	.venv/bin/ruff check --quiet .
	.venv/bin/ruff format --quiet --check . || { echo "Some files are not formatted: make format" >&2; exit 1; }
	echo "Style: nothing to complain about."

types: .venv/.development ## check the types
	.venv/bin/mypy --no-error-summary $(SOURCES)
	echo "Types: nothing to complain about."

format: .venv/.development ## format the code
	.venv/bin/ruff check --quiet --fix .
	.venv/bin/ruff format --quiet .
	echo "Formatted."

endure: .venv/.development staticfiles/.stamp ## kill every process while 500 pictures are made, and in 20 replies
	PICTURES=500 KILLS=20 .venv/bin/python -m pytest -n 0 tests/faults/test_many_pictures.py tests/faults/test_replies.py

bench: .venv/.development staticfiles/.stamp ## measure speed and memory
	.venv/bin/python -m bench

clean: ## remove what was made here, but never the data
	rm -rf .venv staticfiles .mypy_cache .pytest_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
	echo "Clean."

.venv/.runtime: requirements.txt .python-version
	.venv/bin/python -c 'import sys; sys.exit(sys.version_info < (3, 12))' 2>/dev/null || { \
	  python=$$(sh .ci/python) && rm -rf .venv && "$$python" -m venv .venv; }
	echo "Installing what Venice Studio needs; this takes a minute the first time."
	$(PIP) -r requirements.txt
	touch $@

.venv/.development: requirements-dev.txt .venv/.runtime
	echo "Installing what its tests need."
	$(PIP) -r requirements-dev.txt
	touch $@

staticfiles/.stamp: .venv/.runtime $(STATIC)
	.venv/bin/python manage.py collectstatic --noinput --verbosity 0
	touch $@

.PHONY: help run test races soak lint types format endure bench clean
