# make help     what there is

.PHONY: help build test crash-test fuzz-readers ci fmt clippy doc deny bench tools

help: ## this list
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/'

build: ## the program, optimised
	cargo build --release

test: tools ## all tests; installs what is missing first
	@if cargo nextest --version >/dev/null 2>&1; then cargo nextest run --no-fail-fast && cargo test --doc; else cargo test --no-fail-fast; fi

crash-test: tools ## 20,000 rows, a worker killed every second, Redis three times; prints a table
	ENLIST_BIG=1 cargo test --release --test crash -- --nocapture

fuzz-readers: ## 1,000,000 files that nobody would write, through the readers; some ten minutes on two processors
	ENLIST_BIG=1 cargo test --release --test it readers_fuzz -- --nocapture

ci: tools fmt clippy doc deny test ## what must pass before a change lands

fmt:
	cargo fmt --check

clippy:
	cargo clippy --all-targets -- -D warnings

doc:
	RUSTDOCFLAGS="-D warnings -A rustdoc::private_intra_doc_links" cargo doc --no-deps --document-private-items

deny: ## licences, banned crates, sources
	@cargo deny --version >/dev/null 2>&1 || cargo install cargo-deny --locked
	cargo deny check licenses bans sources

bench: ## figures, as ratios measured side by side
	cargo bench

tools: ## what the tests need beside Rust, through apt, only if absent
	@./tests/tools.sh
