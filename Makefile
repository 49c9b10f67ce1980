# Everything is started from here; each target makes what it needs from nothing.
PYTHON ?= python3
BIN := .venv/bin
RUN := .venv/run.stamp
DEV := .venv/dev.stamp
LDAP := .venv/ldap.stamp
PEERS := bench/.peers/installed.stamp

.PHONY: run test test-quick test-cluster check fix bench

run: $(RUN)
	$(BIN)/python run.py

# On 2 cores, 3 workers, since tests wait for a fifth of their time; each has databases of its own.
test: $(DEV) $(LDAP)
	tools/prepare_tests.sh
	$(BIN)/python -m pytest -n 3

# The engine and the ledgers on SQLite, without a browser: an answer while one works.
test-quick: $(DEV)
	$(BIN)/python -m pytest -n 2 --sqlite-only -m "not browser and not slow" --ignore tests/core/api --ignore tests/core/views tests/test_every_ledger.py tests/core tests/ledgers

# As root, with the packages that deploy/cluster/README.md names: several machines as network namespaces of this one.
test-cluster: $(DEV)
	$(BIN)/python -m deploy.cluster pytest tests/machines

check: $(DEV)
	$(BIN)/python -m tools.check

fix: $(DEV)
	$(BIN)/ruff check --quiet --fix-only .
	$(BIN)/ruff format --quiet .
	$(BIN)/python -m tools.texts

bench: $(DEV) $(PEERS)
	$(BIN)/python -m bench

$(RUN): requirements.txt
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.txt
	touch $@

$(DEV): requirements-dev.txt $(RUN)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements-dev.txt
	touch $@

# Built from source, so what it is built with comes first.
$(LDAP): requirements-ldap.txt $(RUN)
	tools/prepare_tests.sh
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements-ldap.txt
	touch $@

# What the portal is compared with has packages of its own.
$(PEERS): bench/peers/requirements.txt
	$(PYTHON) -m venv bench/.peers
	bench/.peers/bin/python -m pip install --quiet --disable-pip-version-check -r bench/peers/requirements.txt
	touch $@
