# make demo   builds .venv, assesses the bundled examples, writes reports and says where
# make test   builds .venv with everything that the tests need, then runs all checks and tests
# make board  builds .venv and starts the application at the board, with invented patients
# make help   lists the rest; make gates lists the long checks

PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
SITE_VENV := .venv-site
FILE   ?=
PARTS  ?=
JOBS   ?= 2

# each module is compiled once, not by every process of the tests
export PYTHONDONTWRITEBYTECODE :=

.DEFAULT_GOAL := help
.PHONY: help setup setup-test browser pango postgres proxy demo board test fast lint types floors unit bench vignettes imwg-cases docs site mechanism-calibration coverage matrix mutation gates tools sbom release clean

help: ## list the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 24

$(VENV)/.stamp-venv:
	@$(PYTHON) -c 'import sys; sys.exit("Rearm needs Python 3.11 or newer; this is " + sys.version.split()[0]) if sys.version_info < (3, 11) else None'
	@$(PYTHON) -m venv $(VENV) || { \
	  if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then apt-get update -qq && apt-get install -y -qq python3-venv && $(PYTHON) -m venv $(VENV); \
	  else echo "Python's venv module is missing: install it first (Debian: apt-get install python3-venv), then run make again."; exit 1; fi; }
	@touch $@

$(VENV)/.stamp-core: $(VENV)/.stamp-venv pyproject.toml constraints.txt
	@$(BIN)/python -m pip install -q --disable-pip-version-check -c constraints.txt --build-constraint constraints.txt -e '.[pictures,pdf,mechanism]' 2>/dev/null \
	  || PIP_CONSTRAINT=constraints.txt $(BIN)/python -m pip install -q --disable-pip-version-check -c constraints.txt -e '.[pictures,pdf,mechanism]'
	@touch $@

$(VENV)/.stamp-test: $(VENV)/.stamp-core
	@PIP_CONSTRAINT=constraints.txt $(BIN)/python -m pip install -q --disable-pip-version-check -c constraints.txt -e '.[test,pictures,pdf,mechanism,adam,web]'
	@touch $@

$(VENV)/.stamp-board: $(VENV)/.stamp-core
	@PIP_CONSTRAINT=constraints.txt $(BIN)/python -m pip install -q --disable-pip-version-check -c constraints.txt -e '.[pictures,pdf,mechanism,web]'
	@touch $@

setup: $(VENV)/.stamp-core ## build .venv with what the program needs
setup-test: $(VENV)/.stamp-test ## build .venv with what the tests need

browser: ## a Chromium for the tests of the page (Debian, as root); elsewhere a sentence
	@command -v chromium >/dev/null || command -v chromium-browser >/dev/null || command -v google-chrome >/dev/null || { \
	  if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium fonts-dejavu-core >/dev/null; \
	  else echo "No Chromium found: the tests that open the report in a browser will be skipped. Install one to run them."; fi; }

pango: setup-test ## the library Pango for the tests of the PDF (Debian, as root); elsewhere a sentence
	@$(BIN)/python -c 'from rearm.report.sheet.pdf import check_pdf_can_be_made as check; check()' >/dev/null 2>&1 || { \
	  if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0 >/dev/null; \
	  else echo "No Pango found: the tests that write the sheet as a PDF will be skipped. Install it to run them (Debian: libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0)."; fi; }

postgres: ## a PostgreSQL server for the tests of OMOP and of the board (Debian, as root); elsewhere a sentence
	@ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 || command -v initdb >/dev/null || { \
	  if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends postgresql >/dev/null; \
	  else echo "No PostgreSQL server found: the tests that read OMOP from one, and those of a board on one, will be skipped. Install it to run them (Debian: postgresql)."; fi; }

proxy: ## nginx and systemd-analyze for the tests of deploy/ (Debian, as root); elsewhere a sentence
	@{ command -v nginx || ls /usr/sbin/nginx; } >/dev/null 2>&1 && command -v systemd-analyze >/dev/null || { \
	  if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends nginx-light systemd >/dev/null; \
	  else echo "No nginx or systemd-analyze found: the tests that try the examples of deploy/ with them will be skipped. Install them to run those (Debian: nginx-light systemd)."; fi; }

demo: setup ## assess the bundled examples and write their reports to demo/
	@$(BIN)/rearm assess examples/tables --html demo/ --json demo/ --quiet
	@echo
	@$(BIN)/rearm assess examples/fhir/biallelic-bcma-loss.json
	@echo
	@echo "Reports of all examples: $(CURDIR)/demo/index.html (open it with a browser)"

board: $(VENV)/.stamp-board ## start the application at the board: prints a link
	@$(BIN)/rearm serve

test: setup-test browser pango postgres proxy lint types floors unit ## everything that must hold

fast: setup-test lint types floors ## what must hold, without the slow tests (under two minutes)
	@$(BIN)/pytest -n $(JOBS) --dist worksteal -m "not slow"

lint:
	@$(BIN)/ruff check -q . && $(BIN)/ruff format -q --check .

types:
	@$(BIN)/mypy

floors:
	@$(BIN)/lint-imports --no-cache >/dev/null || $(BIN)/lint-imports --no-cache

unit:
	@$(BIN)/pytest -n $(JOBS) --dist worksteal

bench: setup-test ## print speeds, and ratios against peers measured in the same run
	@$(BIN)/python -m pip install -q --disable-pip-version-check -c constraints.txt -e '.[bench]'
	@$(BIN)/python -m benchmarks.run

vignettes: setup-test ## make vignettes FILE=any.yaml: run patients with expectations through the public entry
	@$(BIN)/python -m scripts.vignettes $(FILE)

imwg-cases: setup-test ## make imwg-cases FILE=any.yaml: run response cases through the public entry
	@$(BIN)/python -m scripts.imwg_cases $(FILE)

docs: setup-test ## write the factors of units, the pooled evidence, the dictionary and the reference anew
	@$(BIN)/python -m scripts.compile_units
	@$(BIN)/python -m scripts.pool_evidence
	@$(BIN)/python -m scripts.write_docs && $(BIN)/python -m scripts.write_spec
	@$(BIN)/python -m scripts.page_context && $(BIN)/python -m scripts.hazards
	@$(BIN)/python -m scripts.write_reference

$(SITE_VENV)/.stamp: site-requirements.txt
	@$(PYTHON) -m venv $(SITE_VENV)
	@$(SITE_VENV)/bin/python -m pip install -q --disable-pip-version-check -r site-requirements.txt
	@touch $@

site: $(SITE_VENV)/.stamp ## build the pages of docs/ as a site: build/site/index.html; a link that leads nowhere stops it
	@$(PYTHON) -m scripts.site_pages
	@$(SITE_VENV)/bin/zensical build --strict --clean

mechanism-calibration: setup-test ## the virtual population beside every published target, with pictures, to demo/mechanism-calibration.html
	@mkdir -p demo && $(BIN)/python -m scripts.mechanism_calibrate --report demo/mechanism-calibration.html

coverage: setup-test ## branch coverage of the rooms where a wrong branch is a wrong answer; every gap has its reason
	@$(BIN)/pytest -n $(JOBS) --dist worksteal --cov --cov-report=
	@$(BIN)/python -m scripts.coverage_gaps

matrix: setup-test ## the tests under every interpreter that is found (3.11 to 3.13)
	@$(BIN)/python -m scripts.matrix

mutation: setup-test ## mutation testing of the response criteria (a quarter of the mutants; SHARE=1 for all)
	@$(BIN)/python -m scripts.mutation --share $(or $(SHARE),0.25)

gates: setup-test ## list the long checks: make gate-NAME runs one and writes docs/validation/NAME.md (gate-board: all, or PARTS)
	@$(BIN)/python -m scripts.gate list

gate-versions: setup-test
	@$(BIN)/python -m pip install -q --disable-pip-version-check -c constraints.txt -e '.[bench]'
	@$(BIN)/python -m scripts.gate versions

gate-spark: setup-test
	@command -v java >/dev/null || { \
	  if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends openjdk-17-jre-headless >/dev/null; \
	  else echo "No Java found: install Java 17 for Spark (Debian: openjdk-17-jre-headless)."; exit 1; fi; }
	@$(BIN)/python -m pip install -q --disable-pip-version-check -c constraints.txt -e '.[spark]'
	@$(BIN)/python -m scripts.gate spark

gate-board: setup-test browser pango postgres
	@command -v npm >/dev/null || { \
	  if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends npm >/dev/null; \
	  else echo "No npm found: install it for axe-core (Debian: npm)."; exit 1; fi; }
	@$(BIN)/python -m scripts.gate board $(PARTS)

gate-licences: setup-test
	@$(BIN)/python -m pip install -q --disable-pip-version-check -c constraints.txt -e '.[spark,web-postgres]'
	@$(BIN)/python -m scripts.gate licences

gate-audit: setup-test tools
	@$(BIN)/python -m scripts.gate audit

gate-%: setup-test
	@$(BIN)/python -m scripts.gate $*

.venv-tools/.stamp: tools.txt
	@$(PYTHON) -m venv .venv-tools
	@.venv-tools/bin/python -m pip install -q --disable-pip-version-check -r tools.txt
	@touch $@

tools: .venv-tools/.stamp ## what checks and describes a release, in an environment of its own

sbom: setup-test tools ## the bill of materials of a board (CycloneDX), to dist/
	@$(BIN)/python -m scripts.release --only bill

release: setup-test tools ## build and try wheel, sdist, list with hashes, bill of materials: dist/ (EXTRAS=pdf,web for some)
	@$(BIN)/python -m scripts.release $(if $(EXTRAS),--extras $(EXTRAS))

clean: ## remove .venv, caches and demo output
	rm -rf $(VENV) $(SITE_VENV) .venv-tools build dist demo .pytest_cache .mypy_cache .ruff_cache .hypothesis
