# Each target works from a fresh clone: it sets up what it needs (tools/setup says what) and then runs one script.
.DEFAULT_GOAL := help
.PHONY: help setup demo test check cluster conformance bench bench-web load fuzz npm clean

help: ## list the targets
	@sed -nE 's/^([a-z-]+): ## (.*)/\1|\2/p' $(MAKEFILE_LIST) | awk -F'|' '{printf "make %-11s %s\n", $$1, $$2}'

setup: ## install everything that the targets below need
	tools/setup all

demo: ## router, native component and web page, running; URL=ws://... uses that router instead
	tools/setup native wasm
	tools/build-npm
	cargo run --release -p wampwerk-demo $(if $(filter wss:%,$(URL)),--features tls) -- $(if $(URL),--url $(URL))

test: ## every test: native, Crossbar, wasm in a browser, page end to end
	tools/setup all
	tools/test

check: ## formatting, clippy, documentation, purity, licences
	tools/setup check
	tools/check

cluster: ## two Crossbar nodes, linked, and two components that go over from one to the other when it is killed
	tools/setup native crossbar
	cargo build --release --example cluster
	tests/crossbar/cluster/show target/release/examples/cluster

conformance: ## the Autobahn test suite, 517 cases as client and 517 as server; half an hour
	tools/setup conformance
	cargo build --release --example conformance
	eval "$$(tools/setup --env)"; tools/conformance

bench: ## benches, and the comparison with other clients and the raw transport
	tools/setup bench
	cargo bench --bench codec
	cargo bench --bench call
	cargo bench --bench matching
	cargo build --profile compare --locked --manifest-path benches/compare/peer/Cargo.toml --target-dir target
	cargo run --profile compare --locked -p wampwerk-compare
	cargo run --profile compare --locked --manifest-path benches/websocket/Cargo.toml --target-dir target

bench-web: ## the npm package beside Autobahn|JS and wampy, in Chromium and in Node; ROUNDS=number (9)
	tools/setup native wasm browser benchweb
	tools/build-npm
	node benches/web/bench.mjs $(if $(ROUNDS),--rounds $(ROUNDS))

fuzz: ## fuzz decoding, framing, handshakes, compression, both cores, listeners, settings, challenges, key files and proxies; TIME=seconds for each target (30), TARGET=name for one
	tools/setup fuzz
	tools/fuzz $(if $(TIME),--time $(TIME)) $(TARGET)

load: ## 2 000 sessions on one router, in release and for longer; needs 10 200 open files a process
	tools/setup native
	cargo test --release --test realms -- --seconds 20 --strict
	cargo test --release --test load -- --sockets 10000 --seconds 20

npm: ## build the npm package in pkg/
	tools/setup native wasm
	tools/build-npm

clean: ## remove what was built in this clone; the tools in the cache stay
	rm -rf target pkg fuzz/target fuzz/corpus fuzz/artifacts tests/e2e/node_modules tests/autobahn_js/node_modules tests/platforms/node_modules benches/web/node_modules tests/e2e/artifacts
