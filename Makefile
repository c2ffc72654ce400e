# `make help` lists targets and settings. Settings (WORKERS=8, BALANCER=TC, MODULE=mine.wasm, …) reach the programs as
# environment variables, so none is assigned here.

BUILD := target
WASM := wasm32-wasip1
PROGRAMS := tracegen middleware host
PREFIX ?= /usr/local
CARGO ?= cargo
COMPOSE = $(shell docker compose version >/dev/null 2>&1 && echo docker compose || echo docker-compose) -p $${COMPOSE_PROJECT_NAME:-queuebox}

# make runs a line that names MAKE even under -n, and this line also starts the run.
AGAIN = $(MAKE)

# Any variable of the command line that is not one of these must be a setting: a misspelt one would change nothing.
VARIABLES := PREFIX DESTDIR CARGO BUILD COMPOSE VOLUMES RUN SUITE CASES FULL ONLY SCALE KEEP ROWS TRUTH_SEED
OUTSIDE := SHELL CC CFLAGS CARGO_% RUST% DOCKER_% COMPOSE_% QUEUEBOX_%
SETTINGS := $(shell sed -n 's/^| \([A-Z_]*\) | `--.*/\1/p' docs/settings.md)
GIVEN := $(foreach name,$(.VARIABLES),$(if $(findstring command line,$(origin $(name))),$(name)))
UNKNOWN := $(firstword $(filter-out $(VARIABLES) $(OUTSIDE) $(SETTINGS),$(GIVEN)))
ifneq ($(UNKNOWN),)
# The nearest name, at most two letters away; two exchanged letters count as one.
DISTANCE = function least(a, b) { return a < b ? a : b } \
	{ n = length($$0); m = length(given); \
	for (i = 0; i <= n; i++) for (j = 0; j <= m; j++) { \
	if (i == 0 || j == 0) { d[i, j] = i + j; continue } \
	x = substr($$0, i, 1); y = substr(given, j, 1); \
	d[i, j] = least(least(d[i - 1, j], d[i, j - 1]) + 1, d[i - 1, j - 1] + (x != y)); \
	if (i > 1 && j > 1 && x == substr(given, j - 1, 1) && y == substr($$0, i - 1, 1)) d[i, j] = least(d[i, j], d[i - 2, j - 2] + 1) } \
	if (d[n, m] <= 2 && (nearest == "" || d[n, m] < nearest_d)) { nearest = $$0; nearest_d = d[n, m] } } \
	END { print nearest }
NEAREST := $(shell printf '%s\n' $(SETTINGS) $(VARIABLES) | awk -v given="$$(echo '$(UNKNOWN)' | tr a-z A-Z)" '$(DISTANCE)')
$(error $(UNKNOWN) is not a setting of Queuebox$(if $(NEAREST),; did you mean $(NEAREST)?,: make help lists them))
endif

.PHONY: all programs sim run experiment image workers down bin/worker/host trace results schema settings test test-docker test-wasm truth conformance fuzz lint deny bench bench-kernels bench-formats bench-build clean install uninstall help

all: programs bin/sim.wasm ## Build the programs (bin/) and the simulator (sim.wasm)
	@if [ ! -e sim.wasm ]; then cp bin/sim.wasm sim.wasm; \
	elif ! cmp -s sim.wasm bin/sim.wasm; then echo "sim.wasm is not the default simulator: left as it is (make sim restores the default)"; fi

programs:
	@$(CARGO) build --release --locked --target-dir $(BUILD) $(PROGRAMS:%=-p queuebox-%)
	@mkdir -p bin && for program in $(PROGRAMS); do cmp -s $(BUILD)/release/$$program bin/$$program || install -m 755 $(BUILD)/release/$$program bin/; done

# What `make install` installs. No other target needs it, so the first build does without.
.PHONY: bin/queuebox
bin/queuebox: all
	@$(CARGO) build --release --locked --target-dir $(BUILD) -p queuebox
	@cmp -s $(BUILD)/release/queuebox bin/queuebox || install -m 755 $(BUILD)/release/queuebox bin/

# The default simulator. The new one replaces sim.wasm only if that is the previous default, which make put there.
.PHONY: bin/sim.wasm
bin/sim.wasm:
	@[ -d "$$(rustc --print sysroot)/lib/rustlib/$(WASM)" ] || rustup target add $(WASM)
	@$(CARGO) build --profile wasm --locked --target $(WASM) --target-dir $(BUILD) -p queuebox-sim-wasm
	@mkdir -p bin; new=$(BUILD)/$(WASM)/wasm/sim-wasm.wasm; \
	if cmp -s sim.wasm bin/sim.wasm; then rm -f sim.wasm && cp $$new sim.wasm; fi; cmp -s $$new bin/sim.wasm || cp $$new bin/sim.wasm

sim: bin/sim.wasm ## Put the default simulator back as sim.wasm
	@rm -f sim.wasm && cp bin/sim.wasm sim.wasm && echo "sim.wasm is the default simulator"

run: all ## Run: trace, policy, workers, report (make run WORKERS=4, TRACE=trace.csv, MODULE=other.wasm, EXECUTOR=local, …)
	@set -e; set -- $$(bin/middleware executor 2>/dev/null || echo failed); \
	if [ "$$1" = docker ] && ! WORKERS=$$3 $(AGAIN) --no-print-directory workers; then \
		[ "$$4" = auto ] || exit 8; \
		echo "note: the workers' containers can't be made (above), so workers are threads of this process" >&2; export EXECUTOR=local; \
	fi; \
	bin/middleware run

experiment: all ## Compare R, RR and TC over 1, 3 and 5 workers, as the original's experiment (make experiment SAMPLES=10000)
	@bin/middleware compare --vary BALANCER=R,RR,TC --vary WORKERS=1,3,5

# The Docker engine that the middleware would take, for what make asks of one: its address, and over TLS the folder of certificates.
USE_ENGINE = engine=$$(bin/middleware executor 2>/dev/null || :); host=$$(echo "$$engine" | cut -s -d' ' -f2); \
	certificates=$$(echo "$$engine" | cut -s -d' ' -f5-); \
	if [ -n "$$host" ]; then export DOCKER_HOST="$$host"; fi; \
	if [ -n "$$certificates" ]; then export DOCKER_TLS_VERIFY=1 DOCKER_CERT_PATH="$$certificates"; fi
PRESENT = docker ps -aq --filter label=com.docker.compose.project=$${COMPOSE_PROJECT_NAME:-queuebox} --filter label=com.docker.compose.service=worker

image: bin/worker/host ## Build the worker image (nothing is pulled)
	@$(USE_ENGINE); output=$$(docker build -q -t queuebox-worker -f Dockerfile bin/worker 2>&1) || { echo "$$output" >&2; exit 1; }

workers: image ## Create WORKERS worker containers
	@$(USE_ENGINE); present=$$($(PRESENT) | wc -l); wanted=$${WORKERS:-$$(echo "$$engine" | cut -s -d" " -f3)}; wanted=$${wanted:-4}; \
	$(COMPOSE) up --no-start --scale worker=$$((wanted > present ? wanted : present))

# The host for containers: the same program, linked statically, so that the image contains nothing else.
bin/worker/host: programs
	@mkdir -p bin/worker/empty; cmp -s bin/host bin/worker/.made-from || { \
	$(CARGO) rustc --release --locked --target-dir $(BUILD) -p queuebox-host --bin host -- -C target-feature=+crt-static && \
	install -m 755 $(BUILD)/release/host bin/worker/host && cp bin/host bin/worker/.made-from; }

# Without compose, which may be gone since.
down: ## Remove the worker containers (VOLUMES=1: and the volume of their runs)
	@$(USE_ENGINE); set -e; project=$${COMPOSE_PROJECT_NAME:-queuebox}; ours="--filter label=com.docker.compose.project=$$project"; \
	docker version >/dev/null; docker rm -f $$project-lock >/dev/null 2>&1 || :; \
	containers=$$(docker ps -aq $$ours); if [ -n "$$containers" ]; then docker rm -fv $$containers >/dev/null; fi; \
	networks=$$(docker network ls -q $$ours); if [ -n "$$networks" ]; then docker network rm $$networks >/dev/null; fi; \
	if [ "$$VOLUMES" = 1 ]; then docker volume rm -f queuebox-shared >/dev/null; fi; \
	echo "removed: $$(echo $$containers | wc -w) containers$$([ "$$VOLUMES" != 1 ] || echo " and the volume queuebox-shared")"; \
	if docker image inspect queuebox-worker >/dev/null 2>&1; then echo "left: the image queuebox-worker (docker rmi queuebox-worker)"; fi; \
	if docker volume inspect queuebox-shared >/dev/null 2>&1; then echo "left: the volume queuebox-shared with the latest reports (make down VOLUMES=1)"; fi; \
	if [ -d runs ]; then echo "left: the folder runs/"; fi

trace: programs ## Generate a trace as trace.csv
	@bin/tracegen --out trace.csv && echo "trace.csv is written; make run TRACE=trace.csv uses it"

results: programs ## Print the last run's report again, per worker
	@bin/middleware results $(RUN)

test: bin/queuebox ## Build, then run every test; container tests if a Docker engine responds
	@if docker version >/dev/null 2>&1; then SERVER_IP= DOCKER_HOST= DOCKER_CONTEXT=default $(MAKE) --no-print-directory image; fi
	QUEUEBOX_BIN=$(CURDIR)/bin QUEUEBOX_SIM=$(CURDIR)/bin/sim.wasm $(CARGO) test --release --locked --workspace --exclude queuebox-bench --target-dir $(BUILD)

test-docker: all image ## Run the container tests; fail without a Docker engine
	QUEUEBOX_DOCKER=required QUEUEBOX_BIN=$(CURDIR)/bin QUEUEBOX_SIM=$(CURDIR)/bin/sim.wasm $(CARGO) test --release --locked --target-dir $(BUILD) -p queuebox-tests docker

# Crates that a browser will run: each must build without an operating system. Their unit tests run as WASI commands in
# the project's own sandbox (tests/run_wasm.rs). The records of traces are in contract, because trace files need an
# operating system.
PORTABLE := contract failure random sim-wasm policy measure
BARE := wasm32-unknown-unknown
test-wasm: ## Check the crates that must build for WebAssembly, and run their unit tests in the sandbox
	@for target in $(BARE) $(WASM); do [ -d "$$(rustc --print sysroot)/lib/rustlib/$$target" ] || rustup target add $$target || exit; done
	$(CARGO) check --release --locked --target $(BARE) --target-dir $(BUILD) --lib $(PORTABLE:%=-p queuebox-%)
	$(CARGO) build --release --locked --target-dir $(BUILD) -p queuebox-tests --example run_wasm
	CARGO_TARGET_WASM32_WASIP1_RUNNER=$(abspath $(BUILD))/release/examples/run_wasm \
	$(CARGO) test --release --locked --target $(WASM) --target-dir $(BUILD) --lib $(PORTABLE:%=-p queuebox-%)

truth: all ## Compare large grids with theory, and write docs/truth.md (takes minutes; TRUTH_SEED=n repeats a run)
	@if docker version >/dev/null 2>&1; then SERVER_IP= DOCKER_HOST= DOCKER_CONTEXT=default $(MAKE) --no-print-directory image; fi
	QUEUEBOX_BIN=$(CURDIR)/bin QUEUEBOX_SIM=$(CURDIR)/bin/sim.wasm $(CARGO) test --release --locked --target-dir $(BUILD) -p queuebox-tests --test programs grid_ -- --ignored

conformance: ## Test the sandbox's WASI with the public suite (SUITE=folder of WebAssembly/wasi-testsuite, prod/testsuite-base)
	@[ -d "$(SUITE)" ] || { echo "conformance: SUITE=$(SUITE) is not a folder; it must be a checkout of https://github.com/WebAssembly/wasi-testsuite, branch prod/testsuite-base" >&2; exit 2; }
	@$(MAKE) --no-print-directory all
	@SUITE="$(abspath $(SUITE))" $(CARGO) test --release --locked --target-dir $(BUILD) -p queuebox-tests --test programs conformance::the_public_suite -- --exact --ignored --nocapture

schema: ## Write the JSON Schemas of reports (docs/) after a change of their types
	@QUEUEBOX_WRITE_SCHEMA=1 $(CARGO) test --release --locked --target-dir $(BUILD) -p queuebox-measure -q schema_of

settings: ## Write .env.general and docs/settings.md from the definitions of the settings
	@QUEUEBOX_WRITE_SETTINGS=1 $(CARGO) test --release --locked --target-dir $(BUILD) -p queuebox-run -q is_generated

fuzz: bin/sim.wasm ## Run CASES cases of each fuzz target (make fuzz CASES=100000 SEED=2)
	QUEUEBOX_SIM=$(CURDIR)/bin/sim.wasm $(CARGO) run --release --locked --target-dir $(BUILD) -p queuebox-fuzz -- --cases $${CASES:-10000} --seed $${SEED:-1}

lint: ## Check formatting and lints, as CI does
	$(CARGO) fmt --all --check
	$(CARGO) clippy --release --locked --workspace --all-targets --target-dir $(BUILD) -- -D warnings

deny: ## Check the dependencies for known vulnerabilities, licences and sources (cargo-deny; needs github.com)
	@$(CARGO) deny --version >/dev/null 2>&1 || { echo "deny: cargo-deny is not installed: cargo install cargo-deny --locked" >&2; exit 2; }
	$(CARGO) deny --locked check

bench: all ## Benchmark against polars, split and others: one table (FULL=1, ONLY=partition, SCALE=0.05, KEEP=1)
	@$(CARGO) build --release --locked --target-dir $(BUILD) -p queuebox-bench
	@python3 bench/run.py $(if $(FULL),--full) $(if $(ONLY),--only $(ONLY)) $(if $(SCALE),--scale $(SCALE)) $(if $(KEEP),--keep)

bench-kernels: ## Benchmark parsing, codec, policies and folding, each alone
	@$(CARGO) bench --locked --target-dir $(BUILD) -p queuebox-bench

bench-formats: all ## Benchmark reading of each trace format, beside polars or wc (ROWS=1000000, ONLY=nginx)
	@python3 bench/formats.py $(if $(ROWS),--rows $(ROWS)) $(if $(ONLY),--only $(ONLY))

bench-build: ## Time a fresh clone until its first table, step by step (KEEP=1)
	@python3 bench/from_nothing.py $(if $(KEEP),--keep)

clean: ## Remove everything that make built; your own sim.wasm, traces and runs are kept
	@if [ -e sim.wasm ] && cmp -s sim.wasm bin/sim.wasm; then rm sim.wasm; fi
	rm -rf bin $(BUILD)

# Where `make install` puts each part.
ROOT = $(DESTDIR)$(PREFIX)
BASH = $(ROOT)/share/bash-completion/completions
ZSH = $(ROOT)/share/zsh/site-functions
FISH = $(ROOT)/share/fish/vendor_completions.d
MAN = $(ROOT)/share/man/man1

install: bin/queuebox ## Install queuebox with completions, man pages and the default simulator under PREFIX (/usr/local)
	install -d "$(ROOT)/bin" "$(ROOT)/share/queuebox" "$(BASH)" "$(ZSH)" "$(FISH)" "$(MAN)"
	install -m 755 bin/queuebox "$(ROOT)/bin"
	install -m 644 bin/sim.wasm "$(ROOT)/share/queuebox"
	bin/queuebox completions bash >"$(BASH)/queuebox"
	bin/queuebox completions zsh >"$(ZSH)/_queuebox"
	bin/queuebox completions fish >"$(FISH)/queuebox.fish"
	bin/queuebox man "$(MAN)"

uninstall: ## Remove the installed files
	rm -f "$(ROOT)/bin/queuebox" "$(ROOT)/share/queuebox/sim.wasm" "$(BASH)/queuebox" "$(ZSH)/_queuebox" "$(FISH)/queuebox.fish"
	rm -f "$(MAN)/queuebox.1" "$(MAN)"/queuebox-*.1
	-rmdir "$(ROOT)/share/queuebox"

help: ## List the targets, and the settings with their defaults
	@echo "Targets:"
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-13s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)
	@echo; echo "Settings, each as in .env.general (make run WORKERS=8; docs/settings.md describes their values):"
	@awk '/^## / { print "\n " substr($$0, 3); next } /^$$/ { help = "" } \
		/^# / && help == "" { help = substr($$0, 3) } \
		/^[A-Z_]+=/ { printf "  %-26s %s\n", $$0, help; help = "" }' .env.general
