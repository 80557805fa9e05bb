# Targets are thin: what they run can be typed by hand.
GO ?= go
TOOLS = $(GO) tool -modfile=tools/go.mod
DATA ?= demo
# Whether pages can be built: Node 20 or newer with npm.
NODE := $(shell command -v npm >/dev/null && node -e 'process.exit(+(parseInt(process.versions.node) < 20))' 2>/dev/null && echo yes)

.PHONY: all build run web web-check test test-here unit services check test-race fuzz golden types bench cover

all: check test

# Pages that cannot be built, as without a network, are no reason to build nothing.
build:
	@$(MAKE) --no-print-directory web || echo "pages are not built; the rest goes on without them"
	$(GO) build -o bin/ ./cmd/...

# The story, and its API at http://127.0.0.1:8080 until Ctrl-C.
run: build
	./bin/theriac demo --data $(DATA) --serve

# The pages, if what they are made of changed. Without Node all else goes on, and
# pages say how to build them; where tests must not skip that is a failure.
ifeq ($(NODE),yes)
web: web/dist/index.html

web/node_modules/.package-lock.json: web/package-lock.json
	cd web && npm ci --no-audit --no-fund --loglevel=error
	@touch $@

web/dist/index.html: web/node_modules/.package-lock.json $(wildcard testdata/bundles/genuine.json testdata/bundles/trust.json) $(shell find web/src web/public) $(wildcard web/*.html web/*.ts web/*.mjs web/*.json)
	cd web && npm run --silent build
	@touch $@

web-check: web
	cd web && npm run --silent check && npm test --silent

types: web/node_modules/.package-lock.json
	cd web && npm run --silent types
else
web web-check types:
	@echo "pages are not built or checked: this needs node 20 or newer, and npm"
	@[ "$$CI" != true ]
endif

# Everything. Services that tests start for themselves come from the system's
# packages where that may be; with CI=true a test that misses one fails.
test: services
	@$(MAKE) --no-print-directory test-here

# Again by make, which looks for Node after services brought it. Pages come first:
# the tests of Go have them embedded.
test-here:
	@$(MAKE) --no-print-directory web
	@$(MAKE) --no-print-directory check web-check unit

# How much evidence the browser's verifier and Go's must agree on; go test alone takes less.
unit:
	THERIAC_GOOD=$${THERIAC_GOOD:-1000} THERIAC_MUTATED=$${THERIAC_MUTATED:-10000} $(GO) test -timeout 20m ./...
	$(GO) test -timeout 5m -tags pkcs11 ./internal/keystore/... ./internal/organisation/...
	GODEBUG=fips140=only $(GO) test -timeout 5m . ./envelope ./pedigree

services:
	@./tools/services

check:
	@out=$$($(TOOLS) gofumpt -l $$(git ls-files '*.go')); [ -z "$$out" ] || { echo "gofumpt would change:"; echo "$$out"; exit 1; }
	$(GO) vet ./...
	$(GO) vet -tags pkcs11 ./internal/keystore/... ./internal/organisation/...
	$(TOOLS) staticcheck ./...
	$(GO) mod tidy -diff

test-race:
	$(GO) test -race -timeout 40m ./...

# Each fuzz target for a while: make fuzz TIME=1m
TIME ?= 20s
fuzz:
	@./tools/fuzz $(TIME)

# Rewrites golden files; read the diff.
golden:
	$(GO) test . -run TestGolden -update && $(GO) test ./genuine ./gs1 ./lightclient ./web . -update
	$(GO) test ./internal/httpapi -run TestGoldenOpenAPI -update
	@$(MAKE) --no-print-directory types

bench: build
	./bin/theriac-bench all

cover:
	$(GO) test -coverprofile=cover.out ./... && $(GO) tool cover -func=cover.out | tail -1
