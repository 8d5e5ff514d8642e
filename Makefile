# The two commands: `make demo` starts the whole platform with a simulated
# fleet, `make test` passes every test. `make help` lists the rest.

VERSION  := $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)
# The agent's own number as an update (P-10.2), for programs that go into an image.
RELEASE  ?=
LDFLAGS  := -s -w -X main.version=$(VERSION) -X main.release=$(RELEASE)
GO       := go
PROGRAMS := ./agent/cmd/stbagent ./aggregator/cmd/aggregator ./testbench/cmd/stbfleet ./firmware/cmd/mkimage
UI       := aggregator/console/ui
ARM      := CGO_ENABLED=0 GOOS=linux GOARCH=arm GOARM=7
# The box's budget for the stripped binary, in bytes (ARCHITECTURE.md, Budgets).
ARM_BUDGET := 10500000

.PHONY: help build demo test race check style fmt lint sim fuzz scenarios verify mutants e2e e2e-browser e2e-brokers country crash bench bench-agent bench-outbox bench-page bench-query screenshots soak soak-system sources-engines app arm firmware firmware-agents firmware-base firmware-boot web web-check clean

help: ## list the targets
	@grep -hE '^[a-z0-9-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | sort | column -t -s "$$(printf '\t')"

# For this machine, sharing the tests' build cache; `make arm` is as it is shipped.
build: ## programs into bin/
	@mkdir -p bin
	$(GO) build -ldflags '$(LDFLAGS)' -o bin/ $(PROGRAMS)

demo: build ## the whole platform with a simulated fleet, a month and the year before behind it
	bin/aggregator demo

test: build ## every test: unit, engines, crash share, ARM under emulation, browser; AT_ONCE=2 packages at a time, AGAIN=1 tries once more what failed
	@testbench/setup/install.sh browser arm es3 prometheus firmware
	$(GO) vet ./...
	$(GO) test $(if $(AT_ONCE),-p $(AT_ONCE)) -timeout 20m ./... || { $(if $(AGAIN),echo 'UNSTEADY? what failed is tried again' && $(GO) test -timeout 20m ./...,exit 1); }
	$(MAKE) e2e-browser

RACED ?= ./...
race: ## the Go tests with the race detector, RACE=-short for the quick ones, of RACED=./...
	@testbench/setup/install.sh arm es3 prometheus firmware
	$(GO) test -race $(RACE) -timeout 25m $(RACED)

check: style ## the quick loop: format, vet, lint, unit tests
	$(GO) test -short ./...

style: ## format, vet, lint
	@test -z "$$(gofmt -l agent aggregator firmware protocol testbench)" || { gofmt -l agent aggregator firmware protocol testbench; echo 'run: make fmt'; exit 1; }
	$(GO) vet ./...
	$(MAKE) lint

fmt: ## gofmt all
	gofmt -w agent aggregator firmware protocol testbench

lint: ## staticcheck, shell syntax
	$(GO) tool staticcheck ./...
	sh -n testbench/setup/install.sh
	sh -n testbench/verify/run
	sh -n firmware/check/run
	sh -n agent/localapi/sdk/build
	bash -n .ci/run

SEEDS ?= 250000
sim: ## the protocol simulator, a million histories: SEEDS=250000 of each of four settings
	$(GO) test -count=1 -timeout 60m -v ./testbench/sim -seeds=$(SEEDS)

MUTANTS ?= all
SCENARIOS ?= $$(bin/stbfleet list --names)
scenarios: build ## every scenario in its small size, SCENARIOS='smoke clones' for some; reports in out/fleet
	@set -e; for s in $(SCENARIOS); do bin/stbfleet run -f $$s --ci --quiet; done

VERIFY_BOXES ?= 200
VERIFY_DAYS ?= 3
VERIFY_SPEED ?= 1500
VERIFY_HOURS ?= 0
VERIFY_SHARE ?= 1/1
verify: build ## a fleet of 14 provinces and their files, then every figure of both against the truth: VERIFY_BOXES=200 VERIFY_DAYS=3, hour by hour on VERIFY_HOURS days, 0: all, VERIFY_SHARE=1/6 in one of six of all ways; out/verify
	testbench/verify/run $(VERIFY_BOXES) $(VERIFY_DAYS) $(VERIFY_SPEED) out/verify $(VERIFY_HOURS) $(VERIFY_SHARE)

mutants: ## deliberate bugs, each seen by the bench? MUTANTS=all or names
	MUTANTS=$(MUTANTS) $(GO) test -count=1 -timeout 30m -v ./testbench/mutants

FUZZTIME ?= 60s
FUZZED ?= ./...
fuzz: ## every fuzz target, FUZZTIME=60s each, of FUZZED=./...
	@set -e; for pkg in $$($(GO) list $(FUZZED)); do \
		dir=$$($(GO) list -f '{{.Dir}}' $$pkg); \
		for f in $$(grep -hoE '^func Fuzz[A-Za-z0-9_]+' $$dir/*_test.go 2>/dev/null | sed 's/func //'); do \
			echo "$$pkg $$f"; \
			again="$(GO) test -run ^$$ -fuzz ^$$f$$ -fuzztime $(FUZZTIME) -fuzzminimizetime 5x $$pkg"; \
			$$again || { echo 'again: Go may end a good run with "context deadline exceeded"; what it found is a seed now and fails at once'; $$again; }; \
		done; \
	done

e2e: build ## an evening of 2,000 boxes with kills and cuts, days of real agents with power cuts, then every figure compared
	E2E_FULL=1 $(GO) test -count=1 -timeout 30m -v -run 'Evening|Agents' ./testbench/e2e

e2e-browser: build ## Chromium clicks through the page
	@testbench/setup/install.sh browser
	$(MAKE) -C testbench/browser test

e2e-brokers: build ## the same proofs with mosquitto, RabbitMQ and NATS; matrix in out/brokers.md
	@testbench/setup/install.sh brokers
	BROKERS=all $(GO) test -count=1 -timeout 20m -v -run Brokers ./testbench/brokers

COUNTRY ?= 100000
country: build ## an evening of 100,000 connected boxes on this machine, ten minutes; COUNTRY=number of boxes; figures in out/country.md
	@testbench/setup/install.sh brokers
	COUNTRY=$(COUNTRY) $(GO) test -count=1 -timeout 40m -v -run TestCountry ./testbench/brokers

crash: ## every state a power cut, a kill or a failing disk can leave; needs root and /dev/fuse
	$(GO) test -count=1 -timeout 90m -v ./testbench/crash -states=100000 -every=1 -points=1000 -cuts=600 -agentcuts=1000
	$(GO) test -count=1 -timeout 30m -v -run TestCrashes ./aggregator/c3/inbox -every=1
	$(GO) test -count=1 -timeout 30m -v -run TestCut ./agent/update -every=1

bench: ## our figures beside a peer's, from one run; JSON and HTML in out/bench; LONG=1 with files of gigabytes
	$(GO) run ./testbench/bench -out out/bench $(if $(LONG),-long)
	$(if $(LONG),INBOX_FIELD_MB=1024 $(GO) test -count=1 -run TestHugeField -v ./aggregator/c3/inbox)
	$(MAKE) bench-outbox bench-agent

bench-agent: ## our agent beside mosquitto_pub and agents as they are often written: memory, flash, wire; needs root
	@testbench/setup/install.sh flash
	$(GO) run ./testbench/boxbench -out out/boxbench.json

SOAK ?= 1h
soak: ## the ARMv7 agent under emulation at 10 events/s for SOAK=1h: is its memory flat?
	@testbench/setup/install.sh arm
	$(GO) run ./testbench/soak -for $(SOAK) -out out/soak.json

soak-system: ## the same in a small ARM machine with a kernel of its own, for SOAK=1h: what the agent alone takes; once the network, for the kernel
	@testbench/setup/install.sh system
	ARMVM_BOOT=1 $(GO) test -count=1 ./testbench/armvm
	$(GO) run ./testbench/soak -system -for $(SOAK) -out out/soak-system.json

sources-engines: ## own data sources asked of PostgreSQL, MariaDB and ClickHouse, which it installs
	@testbench/setup/install.sh databases
	SOURCES_ENGINES=1 $(GO) test -count=1 -run 'Postgres|MariaDB|ClickHouse' ./aggregator/source

bench-outbox: ## bytes at the block device for each event kept, our way and others'; needs root; out/flash.json
	@testbench/setup/install.sh flash
	$(GO) run ./testbench/flash -out out/flash.json

bench-page: build ## the page's speed on a demo of its own: first paint of a board, frames while 30 widgets are dragged about, 200 readers; out/bench-page.json
	@testbench/setup/install.sh browser
	cd testbench/browser && npm ci --ignore-scripts --no-audit --no-fund --silent && node figures-of-speed.mjs ../../bin/aggregator ../../out/bench-page.json

screenshots: build ## pictures of every department's board, desk and phone, light and dark, from a demo of its own; aggregator/console/docs
	@testbench/setup/install.sh browser
	cd testbench/browser && npm ci --ignore-scripts --no-audit --no-fund --silent && node screenshots.mjs ../../bin/aggregator ../../aggregator/console/docs

QUERY ?= -boxes 5000
bench-query: ## a board's twelve questions beside ClickHouse's engine, answers compared; QUERY='-boxes 10000 -clones 100 -keep-days 2' for the full size; out/bench-query
	@testbench/setup/install.sh chdb
	$(GO) run ./testbench/querybench -out out/bench-query $(QUERY)

app: ## an Android package of an app, made twice and looked at as phones do
	@testbench/setup/install.sh app
	APP=1 $(GO) test -count=1 -v -run TestAndroidPackage ./aggregator/phone

arm: ## the agent for ARMv7 as it is shipped, its size against its budget
	@mkdir -p bin
	$(ARM) $(GO) build -trimpath -tags nethttpomithttp2 -gcflags=all=-l -ldflags '$(LDFLAGS)' -o bin/stbagent-armv7 ./agent/cmd/stbagent
	@size=$$(stat -c %s bin/stbagent-armv7); over=$$((size - $(ARM_BUDGET))); \
		if [ $$over -gt 0 ]; then verdict="over by $$over"; else verdict="within it"; fi; \
		echo "stbagent ARMv7: $$size bytes, budget $(ARM_BUDGET): $$verdict"

FIRMWARE_VERSION ?= $(subst -,.,$(VERSION))
firmware-agents: ## the agent for every processor of a box, as it is shipped; bin/firmware
	@mkdir -p bin/firmware
	@set -e; for a in arm:5 arm:6 arm:7 arm64:; do arch=$${a%%:*}; goarm=$${a#*:}; \
		out=bin/firmware/stbagent-$$arch; [ -z "$$goarm" ] || out=bin/firmware/stbagent-armv$$goarm; \
		CGO_ENABLED=0 GOOS=linux GOARCH=$$arch GOARM=$$goarm $(GO) build -trimpath -tags nethttpomithttp2 -gcflags=all=-l -ldflags '$(LDFLAGS)' -o $$out ./agent/cmd/stbagent; done

firmware-base: ## BusyBox and a kernel's modules for the emulated board, from Debian; once the network; bin/firmware/base
	@testbench/setup/install.sh system
	$(GO) run ./testbench/boxboot -base bin/firmware/base

firmware: firmware-agents firmware-base ## firmware for every kind of box, each made twice and compared, then checked; sizes as a table; out/firmware
	@testbench/setup/install.sh firmware firmware-lint arm
	@rm -rf out/firmware
	SOURCE_DATE_EPOCH=$${SOURCE_DATE_EPOCH:-$$(git log -1 --format=%ct)} $(GO) run ./firmware/cmd/mkimage all --agents bin/firmware --conf firmware/example.conf --version $(FIRMWARE_VERSION) \
		--base bin/firmware/base/root.tar --ram-base bin/firmware/base/ram.tar --out out/firmware
	firmware/check/run out/firmware/1
	FIRMWARE_AGENTS=$(CURDIR)/bin/firmware $(GO) test -count=1 -run TestAgents -v ./testbench/boxboot

firmware-boot: ## boots the emulated board from an image: power cuts, a silent agent, updates, a factory reset, then every event against the aggregator
	@testbench/setup/install.sh firmware system
	@mkdir -p bin/firmware
	$(GO) build -o bin/ ./aggregator/cmd/aggregator
	$(ARM) $(GO) build -trimpath -tags nethttpomithttp2 -gcflags=all=-l -ldflags '$(LDFLAGS)' -o bin/firmware/stbagent-armv7 ./agent/cmd/stbagent
	$(ARM) $(GO) build -trimpath -tags nethttpomithttp2 -gcflags=all=-l -ldflags '-s -w -X main.version=$(VERSION)-next' -o bin/firmware/stbagent-armv7-next ./agent/cmd/stbagent
	$(GO) run ./testbench/boxboot -cache bin/armvm -agent bin/firmware/stbagent-armv7 -update bin/firmware/stbagent-armv7-next -update-version $(VERSION)-next

web: ## the page's built files, from its sources
	@testbench/setup/install.sh browser
	$(MAKE) -C $(UI) build

web-check: web ## the built files in the repository are what the sources give
	git diff --exit-code -- $(UI)/dist

clean: ## what was built
	rm -rf bin out
