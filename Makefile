# Everything here works on a bare machine with Python 3.11 or newer and make. `make` lists it.
.DEFAULT_GOAL := help
.PHONY: help run test test-slow test-clocks races faults drill containers cluster security access screenshots bench bench-slots bench-memory bench-mail bench-import scale mutants figures emails words lint format messages css lock
MAKEFLAGS += --no-print-directory

# The first Python that is new enough: the usual one, or one with its version in its name.
PYTHON ?= $(shell for name in python3 python3.14 python3.13 python3.12 python3.11; do \
	$$name -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && { echo $$name; break; }; done)
VENV := .venv/bin/python
INSTALL := $(if $(PYTHON),$(PYTHON) ctac/local/install.py,echo "CTAC needs Python 3.11 or newer: none is here."; false)
LOCAL := requirements.txt requirements-local.txt
DEVELOPMENT := $(LOCAL) requirements-dev.txt
# The brokers that `make faults` breaks.
BROKERS ?= folder,redis,rabbitmq
# Minutes of load at the end of `make cluster`.
LOAD ?= 1
# For `make test-clocks`: moments of tests/clock.py, and tests of what may depend on the hour.
CLOCKS ?= saturday night before-closing after-closing christmas new-years-eve clocks-forward clocks-back leap-day
HOURLY := tests/face tests/notifications tests/bookings/schedule tests/leaflets/catalogue/test_catalogue_pages.py
# Times are told on a machine that does nothing else; then the scanner and the fuzz run beside each other.
ATTACK := $(VENV) -m pytest --quiet --no-header --capture=no $(ARGS)
# Settings for checks that connect to nothing; the values are for nobody's use.
PRODUCTION = env ENV_FILE=deploy/build.env SECRET_KEY=$$($(VENV) -c 'import secrets; print(secrets.token_urlsafe(50))')

help: ## list what there is
	@echo "make TARGET, where TARGET is one of"
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  \1	\2/p' Makefile | expand -t 16

run: ## start everything on http://localhost:8000 (another port: PORT=8001 make run)
	@$(INSTALL) $(LOCAL)
	@exec $(VENV) -m ctac.local.run

test: ## install what the tests need, a browser included, and run them all
	@$(INSTALL) $(DEVELOPMENT)
	@$(VENV) -m tests.live.browser
	@$(VENV) -m pytest --numprocesses auto --dist loadgroup --no-loadscope-reorder $(ARGS)

test-slow: ## what is marked as slow, which `make test` leaves out: by hand before an issue is called resolved (long)
	@$(INSTALL) $(DEVELOPMENT)
	@$(VENV) -m tests.live.browser
	@$(VENV) -m pytest --numprocesses auto --dist loadgroup --no-loadscope-reorder -m slow $(ARGS)

test-clocks: ## pages, forms, times and mail at other hours: a Saturday, 3am, opening times, Christmas, both clock changes … (CLOCKS=saturday: that one)
	@$(INSTALL) $(DEVELOPMENT)
	@for clock in $(CLOCKS); do echo "$$clock:"; CLOCK=$$clock $(VENV) -m pytest --quiet --no-header --numprocesses auto --dist loadgroup \
		$(HOURLY) $(ARGS) || exit 1; done

races: ## every race at a live server with its negative control, then 10,000 random operations, with figures (long)
	@$(INSTALL) $(DEVELOPMENT)
	@RACES=1 $(VENV) -m pytest tests/races tests/bookings/test_races.py tests/bookings/test_person_races.py tests/leaflets/test_races.py \
		--quiet --capture=no --durations=5 $(ARGS)

faults: ## break worker, broker, database, web, beat, clock, disk and mail server while people book and order, on each broker (long; BROKERS=redis: that one)
	@$(INSTALL) $(DEVELOPMENT)
	@$(VENV) -m tests.faults.install
	@FAULTS=$(BROKERS) $(VENV) -m pytest tests/faults --quiet --no-header --capture=no -rs $(ARGS)

drill: ## lose the database's machine and a table of it, damage the backup, forget the passphrase; what comes back and how soon (some minutes)
	@$(INSTALL) $(DEVELOPMENT)
	@$(VENV) -m tests.faults.install drill
	@DRILL=1 $(VENV) -m pytest tests/drill --quiet --no-header --capture=no -rs $(ARGS)

containers: ## build the image on Debian’s own Python and run each of its services closed in (long, as root)
	@$(INSTALL) $(DEVELOPMENT)
	@$(VENV) -m tests.faults.install images
	@CONTAINERS=1 $(VENV) -m pytest tests/deploy/test_containers.py --quiet --no-header --capture=no -rs $(ARGS)

cluster: ## many machines on this one (root on Debian): kill, cut off, fill and upgrade them under use, then 200 people at once (LOAD=10: minutes)
	@$(INSTALL) $(DEVELOPMENT)
	@$(VENV) -m tests.faults.install cluster
	@$(VENV) -m tests.cluster --load $(LOAD) $(ARGS)

security: ## bandit, ruff's security rules, times that must tell nothing, 10,000 inputs nobody thought of, and a scanner (under 15 minutes)
	@$(INSTALL) $(DEVELOPMENT)
	@mkdir -p var/scanner && cd var/scanner && $(subst ctac/local,../../ctac/local,$(INSTALL)) ../../requirements-security.txt
	@$(VENV) -m ruff check --select S --ignore S603 .
	@SECURITY=1 $(ATTACK) tests/security/timing
	@SECURITY=1 $(ATTACK) tests/security/fuzz >var/fuzz.log 2>&1 & fuzz=$$!; \
	SECURITY=1 $(ATTACK) tests/security/scan tests/security/test_static_rules.py --durations=8; scan=$$?; \
	wait $$fuzz; fuzz=$$?; cat var/fuzz.log; exit $$((scan + fuzz))

access: ## every page in every state through axe, by keyboard and at 320 px, light and dark, with figures (long)
	@$(INSTALL) $(DEVELOPMENT)
	@$(VENV) -m tests.live.browser
	@$(VENV) -m tests.faults.install
	@ACCESS=thorough $(VENV) -m pytest tests/access tests/face/test_text_browser.py --quiet $(ARGS)

bench: ## the application beside a bare reference: rates, CPU, statements and their ratios (long)
	@$(INSTALL) $(DEVELOPMENT)
	@$(VENV) -m bench.compare

bench-slots: ## the pages of times for 40 and 400 presenters, with 10,000 and 1,000,000 past bookings (long)
	@$(INSTALL) $(DEVELOPMENT)
	@$(VENV) -m bench.slots

bench-memory: ## megabytes of a web worker with production's requirements alone, after sign-ins, orders and bookings
	@$(INSTALL) $(DEVELOPMENT)
	@$(VENV) -m bench.memory

bench-mail: ## how fast mail leaves by one worker, and whether 100,000 due messages slow a booking (some minutes)
	@$(INSTALL) $(DEVELOPMENT)
	@$(VENV) -m bench.mail

bench-import: ## 20,000 old bookings from a list: seconds and megabytes of the worker, and what an undo leaves (a few minutes)
	@$(INSTALL) $(DEVELOPMENT)
	@$(VENV) -m bench.imports

scale: ## each page at a thousand and at a million orders, the one beside the other (long; 8 GB of disk; ONLY=/my/: only those; SHARE=0.1: a tenth)
	@$(INSTALL) $(DEVELOPMENT)
	@$(VENV) -m bench.scale $(SHARE) $(if $(ONLY),--only "$(ONLY)")

screenshots: ## take the pictures of the README and the staff guide from a running copy (ALL=1: every page instead, into var/screenshots, for a review)
	@$(INSTALL) $(DEVELOPMENT)
	@$(VENV) -m tests.live.browser
	@$(VENV) -m pytest tests/access/pictures.py --quiet $(ARGS)

figures: ## how large the code is and how it hangs together, as in docs/developing.md
	@$(INSTALL) $(DEVELOPMENT)
	@$(VENV) -m bench.figures

emails: ## every kind of email into var/emails: html, text, eml, and pictures wide and narrow, light and dark, each checked
	@$(INSTALL) $(DEVELOPMENT)
	@$(VENV) -m tests.live.browser
	@$(VENV) -m pytest tests/notifications/pictures.py --quiet $(ARGS)

mutants: ## 120 changed lines, one at a time, and which test notices each (long; ONLY=leaflets/: those of one folder)
	@$(INSTALL) $(DEVELOPMENT)
	@$(VENV) -m tests.mutants.run $(if $(ONLY),"$(ONLY)")

words: ## the reading age of every page, email and module, the hardest first, with its hardest sentence (docs/words.md)
	@$(INSTALL) $(DEVELOPMENT)
	@$(VENV) -m tests.words.measure

lint: ## all that must be clean: style, templates, types, migrations, deployment settings
	@$(INSTALL) $(DEVELOPMENT)
	$(VENV) -m ruff check .
	$(VENV) -m ruff format --check .
	$(VENV) -m djlint --quiet --lint templates
	env CTAC_ENV=test CTAC_VAR=var/lint $(VENV) -m mypy
	@env CTAC_ENV=test CTAC_VAR=var/lint $(VENV) -W ignore::RuntimeWarning manage.py makemigrations --check --dry-run
	@env CTAC_ENV=test CTAC_VAR=var/lint $(VENV) -m tests.upgrades.lint
	@$(PRODUCTION) $(VENV) manage.py check --deploy --fail-level WARNING

format: ## write Python and templates the way `make lint` wants them
	@$(INSTALL) $(DEVELOPMENT)
	@$(VENV) -m ruff check --fix --quiet . ; $(VENV) -m ruff format .
	@$(VENV) -m djlint --quiet --reformat templates || true

messages: ## find the strings of public pages, emails and files for their Welsh, locale/cy (needs GNU gettext)
	@$(INSTALL) $(DEVELOPMENT)
	@command -v xgettext >/dev/null || { echo "xgettext is not here: install GNU gettext"; exit 1; }
	@env CTAC_ENV=test CTAC_VAR=var/lint $(VENV) manage.py makemessages

css: ## rebuild the stylesheets from assets/ (needs Node)
	@command -v npm >/dev/null || { echo "npm is not here: install Node 20 or newer"; exit 1; }
	cd assets && npm ci && npm run build

lock: ## pin requirements again from their .in files
	@$(INSTALL) $(DEVELOPMENT)
	@for name in requirements requirements-local requirements-dev requirements-security; do UV_CUSTOM_COMPILE_COMMAND="make lock" $(VENV) -m uv pip compile --quiet \
		--universal --python-version 3.11 --generate-hashes --no-annotate --no-emit-index-url --no-emit-find-links \
		$(UPGRADE) $$name.in --output-file $$name.txt; done
