# Targets are thin: what they run can be typed by hand.
GO ?= go
TOOLS = $(GO) tool -modfile=tools/go.mod
DATA ?= demo

.PHONY: all build run test unit services check test-race fuzz golden bench cover

all: check test

build:
	$(GO) build -o bin/ ./cmd/...

# The story, and its API at http://127.0.0.1:8080 until Ctrl-C.
run: build
	./bin/theriac demo --data $(DATA) --serve

# Everything. Services that tests start for themselves come from the system's
# packages where that may be; with CI=true a test that misses one fails.
test: services check unit

unit:
	$(GO) test -timeout 20m ./...
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
	$(GO) test . -run TestGolden -update && $(GO) test ./gs1 ./lightclient . -update

bench: build
	./bin/theriac-bench all

cover:
	$(GO) test -coverprofile=cover.out ./... && $(GO) tool cover -func=cover.out | tail -1
