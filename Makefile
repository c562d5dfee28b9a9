# Everything runs in .venv, made from Python >= 3.11, gcc and make.

PYTHON ?= python3
BIN := .venv/bin
KERNEL := $(shell find online_softmax -name '*.h' -o -name '*.px[di]' -o -name '*.pyx')
STUBBED := $(subst /,.,$(basename $(shell find online_softmax -name '*.pyi')))
HEADERS := $(shell find online_softmax -name '*.h')

.PHONY: demo help docs test test-quick test-cluster lint stubs coverage mutants sanitize reliability \
	bench-speed bench-threads bench-river bench-quality bench-java bench-long bench-files bench-cluster bench-sklearn bench-spark tables pictures datasets golden man api wheels clean

demo: .venv/cli  ## evaluate the default model on a bundled stream
	$(BIN)/online-softmax evaluate image_segments

help:  ## say what there is to make
	@awk -F ':.*  ## ' '/^[a-z-]+:.*  ## / { printf "%-14s %s\n", $$1, $$2 }' Makefile

docs: .venv/docs  ## build the documentation site, without a network: build/docs/index.html
	$(BIN)/python -m sphinx -q -b html -j auto -W --keep-going -c docs . build/docs
	@echo $(abspath build/docs/index.html)

test: .venv/dev  ## run every test, on all cores
	$(BIN)/python -m pytest -q -n auto --dist worksteal -m "not cluster"

test-quick: .venv/dev  ## run the tests that take no more than a moment: under a minute
	$(BIN)/python -m pytest -q -n auto --dist worksteal -m "not slow and not cluster"

test-cluster: .venv/cluster  ## run the tests on real engines, Spark (which needs Java 17) and Dask, and kill them
	$(BIN)/python -m pytest -q -m cluster

lint: .venv/dev stubs  ## style, spelling and types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/basedpyright
	$(BIN)/codespell
	PATH=$(abspath $(BIN)):$$PATH $(BIN)/cython-lint online_softmax
	$(BIN)/clang-format --dry-run --Werror $(HEADERS)
	$(BIN)/check-jsonschema --builtin-schema vendor.github-workflows .github/workflows/*.yml
	$(BIN)/zizmor --quiet --offline .github/workflows
	for platform in linux macos windows; do $(BIN)/cibuildwheel --print-build-identifiers --platform $$platform >/dev/null || exit; done

stubs: .venv/dev  ## compare the stubs with the compiled modules
	$(BIN)/python -m mypy.stubtest --mypy-config-file pyproject.toml --ignore-missing-stub --ignore-disjoint-bases \
		--allowlist tests/typing/stubs_allowed.txt $(STUBBED)

coverage: .venv/dev  ## how much of the Python and the C the tests run: lines and branches
	$(BIN)/python -m proofs.coverage

mutants: .venv/mutants  ## change the metrics and the optimisers, and see that a test notices: some ten minutes
	$(BIN)/python -m proofs.mutants

sanitize: .venv/dev  ## run the tests under gcc's address and undefined behaviour sanitizers
	$(BIN)/python -m proofs.sanitize

reliability: .venv/mutants  ## run the long form of every proof: over an hour; PROOFS=soak for one of them
	$(BIN)/python -m proofs $(PROOFS)
	$(BIN)/python -m proofs.table

bench-speed: .venv/dev  ## time a sample, against river and NumPy
	$(BIN)/python -m benchmarks.speed
	$(BIN)/python -m benchmarks.speed.table

bench-threads: .venv/dev  ## two threads that predict on one model, against one
	$(BIN)/python -m benchmarks.speed.threads
	$(BIN)/python -m benchmarks.speed.table --brief

bench-river: .venv/dev  ## within river's own estimators, against river's softmax regression
	$(BIN)/python -m benchmarks.in_river
	$(BIN)/python -m benchmarks.in_river.table

bench-quality: .venv/bench  ## log loss and accuracy, against every rival: hours, of which ours takes minutes
	$(BIN)/python -m benchmarks.quality
	$(BIN)/python -m benchmarks.quality.table
	$(BIN)/python -m benchmarks.quality.table --group text
	$(BIN)/python -m benchmarks.quality.table --group long

bench-java: .venv/bench-java  ## after bench-quality, against CapyMOA's learners, which need Java 17 and pandas 2: hours
	$(BIN)/python -m benchmarks.quality

bench-long: .venv/bench  ## log loss and accuracy over 100,000 rows, against a forest
	$(BIN)/python -m benchmarks.long
	$(BIN)/python -m benchmarks.long.table

bench-files: .venv/bench  ## whole processes over files, against Vowpal Wabbit
	$(BIN)/python -m benchmarks.files
	$(BIN)/python -m benchmarks.files.memory
	$(BIN)/python -m benchmarks.files.metrics
	$(BIN)/python -m benchmarks.files.resume
	$(BIN)/python -m benchmarks.files.wide
	$(BIN)/python -m benchmarks.files.table

bench-cluster: .venv/dev  ## rounds over 1 to 128 shards, simulated, and a model a key: some ten minutes
	$(BIN)/python -m benchmarks.cluster
	$(BIN)/python -m benchmarks.cluster.choices
	$(BIN)/python -m benchmarks.cluster.table
	$(BIN)/python -m benchmarks.cluster.keyed
	$(BIN)/python -m benchmarks.cluster.keyed --table

bench-sklearn: .venv/dev  ## the estimators beside scikit-learn's, and scikit-learn's checks of them
	$(BIN)/python -m benchmarks.sklearn
	$(BIN)/python -m benchmarks.sklearn.table

bench-spark: .venv/cluster  ## what a round costs on Spark, which needs Java 17
	$(BIN)/python -m benchmarks.cluster.spark
	$(BIN)/python -m benchmarks.cluster.spark --table

tables: .venv/dev  ## paste the kept figures into README.md and docs/
	$(BIN)/python -m benchmarks.tables

pictures: .venv/dev  ## draw the pictures of README.md and docs/ again
	$(BIN)/python -m benchmarks.pictures

datasets: .venv/dev  ## make datasets/*.csv again
	$(BIN)/python -m datasets.make

man: .venv/cli  ## make the manual page, docs/man/online-softmax.1, from what the commands say of themselves
	$(BIN)/python -m online_softmax.cli.manual docs/man/online-softmax.1

golden: .venv/dev  ## make tests/golden/*.npz again, from the reference
	$(BIN)/python -m tests.golden.make

api: .venv/dev  ## write the public names and their signatures to tests/golden/api.txt again
	$(BIN)/python -m tests.golden.api

wheels: .venv/dev  ## build the source distribution and a wheel of it into build/dist, and try it where there is no compiler
	rm -rf build/dist
	$(BIN)/python -m build --outdir build/dist
	$(BIN)/twine check --strict build/dist/*
	$(BIN)/python -m release.contents build/dist
	$(BIN)/python -m release.trial build/dist

clean:  ## remove .venv and everything that was compiled
	rm -rf .venv build *.egg-info
	find online_softmax -name '*.c' -delete -o -name '*.so' -delete

.venv/%: pyproject.toml setup.py $(KERNEL)
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[$*]'
	touch $@
