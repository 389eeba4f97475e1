# gomtin: the targets a person types. "make run" and "make test" need Go, git and make.

GO      ?= go
FUZZTIME ?= 30s
export CGO_ENABLED ?= 0

.PHONY: run build test check fuzz race bench eval screenshots deps clean

run: ## the demo: a sample province, gathered and published on http://127.0.0.1:8080
	$(GO) run ./cmd/gomtin demo

build: ## bin/gomtin, one static file
	$(GO) build -trimpath -ldflags='-s -w' -o bin/gomtin ./cmd/gomtin

test: deps check ## everything that must pass
	$(GO) test ./...

check: ## gofmt, vet, staticcheck; the layout test is among the tests
	@files=$$(gofmt -l cmd feeds storage); if [ -n "$$files" ]; then echo "not gofmt-ed:"; echo "$$files"; exit 1; fi
	$(GO) vet ./...
	$(GO) tool staticcheck ./...
	$(GO) test ./cmd/gomtin -run TestLayout

deps: ## programs that some tests drive; installed on Debian, asked for elsewhere
	@missing=; for p in newsboat jing; do command -v $$p >/dev/null || missing="$$missing $$p"; done; \
	ls /usr/lib/postgresql/*/bin/pg_ctl >/dev/null 2>&1 || command -v pg_ctl >/dev/null || missing="$$missing postgresql"; \
	if [ -z "$$missing" ]; then exit 0; fi; \
	if command -v apt-get >/dev/null && [ "$$(id -u)" = 0 ]; then \
		echo "installing$$missing"; apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq $$missing >/dev/null; \
	else echo "not installed:$$missing; the tests that drive them are skipped"; fi

fuzz: ## every fuzz target for FUZZTIME
	@set -e; for pkg in $$($(GO) list ./...); do \
		for f in $$($(GO) test -list '^Fuzz' $$pkg | grep '^Fuzz' || true); do \
			echo "$$pkg $$f"; $(GO) test $$pkg -run '^$$' -fuzz "^$$f\$$" -fuzztime $(FUZZTIME) -fuzzminimizetime 1s; \
		done; done

race: ## the tests under the race detector (needs a C compiler)
	CGO_ENABLED=1 $(GO) test -race ./feeds/... ./storage/...

bench: ## the benchmarks
	$(GO) test -run '^$$' -bench . -benchmem ./...

eval: ## how well the sample province is read: topics, copies
	$(GO) test ./cmd/gomtin -run TestProvinceIsRead -count=1 -v

screenshots: build ## docs/*.png, from the demo in headless Chromium
	docs/screenshots.sh

clean:
	rm -rf bin
