# Everything a person or a CI does with the project. `make` alone lists it.
# Nothing here needs more than GNU make 3.81 and a Python 3.11 to 3.13; paths stay relative, so spaces do no harm.

PY := .venv/bin/python
UV := $(PY) -m uv
LOCK := $(UV) pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	--custom-compile-command 'make lock' $(if $(UPGRADE),--upgrade)

export PYTHON

.PHONY: help setup demo drill test bench up cluster down status lint format types secrets compose lock clean
.DEFAULT_GOAL := help

help:  ## this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-8s %s\n", $$1, $$2 }' Makefile

setup:  ## make .venv from the locks (again when they change); PYTHON=… picks the interpreter
	@sh stack/setup.sh

demo: setup  ## encode a sample video from S3 to S3, on this machine, and show what came out
	@$(PY) -m stack demo

N ?= 100
SEED ?= 1

drill: setup  ## N=100 videos go through while services, workers and all else fail or die; SEED=… repeats one
	@$(PY) -m drill --count $(N) --seed $(SEED)

# The suites that fork task processes or start a whole Airflow each run in a process of their own: a fork inherits the
# threads' locks and the open clients of whatever ran before it. Much of their time is waiting, so four run at once; the
# longest come first.
KILLS := tests/guarantees/test_one_paid_job.py
SUITES := tests/whole tests/guarantees tests/process tests/cluster tests/drill tests/sandbox tests/pixop \
	tests/openencoder tests/reap tests/dags tests/operate
LANES ?= 4

test: setup  ## run all tests; ARGS='-k name' picks some
ifdef ARGS
	@$(PY) -m pytest $(ARGS)
else
	@printf '%s\n' $(KILLS) "tests $(SUITES:%=--ignore=%)" $(SUITES:tests/guarantees="tests/guarantees --ignore=$(KILLS)") \
		| xargs -P $(LANES) -I % sh -c 'sh stack/suite.sh $(PY) %'
endif

bench: setup  ## measure speed and cost in a short form (15 minutes); ARGS=--full as for the README
	@PYTHONPATH=plugins $(PY) -m benchmarks $(ARGS)

up: setup  ## start sandbox and Airflow, and leave them running
	@$(PY) -m stack up

cluster: setup  ## the same as compose describes it, without Docker: PostgreSQL, Redis, Celery workers
	@$(PY) -m stack cluster

down:  ## stop what `make up` or `make cluster` started
	@if [ -x $(PY) ]; then $(PY) -m stack down; fi

status: setup  ## what runs, and where
	@$(PY) -m stack status || true

lint: setup  ## ruff: rules and format
	@$(PY) -m ruff check .
	@$(PY) -m ruff format --check .

format: setup  ## let ruff format and mend
	@$(PY) -m ruff format .
	@$(PY) -m ruff check --fix .

types: setup  ## mypy --strict
	@$(PY) -m mypy

secrets:  ## make .env for docker-compose.yaml, or add what it lacks
	@$(or $(wildcard $(PY)),python3) -m stack.dotenv

compose: setup  ## check docker-compose.yaml with the real compose, and run what can be run of it
	@$(PY) -m pytest tests/deploy

lock: setup  ## write the requirements*.txt anew; UPGRADE=1 takes newer releases
	@$(LOCK) requirements.in -o requirements.txt
	@$(LOCK) -c requirements.txt requirements-dev.in -o requirements-dev.txt
	@$(LOCK) -c requirements.txt deploy/requirements-kubernetes.in -o deploy/requirements-kubernetes.txt
	@$(LOCK) --no-deps requirements-sample.in -o requirements-sample.txt

clean: down  ## stop all and remove .venv and .reelworks
	@rm -rf .venv .reelworks .mypy_cache .ruff_cache build
