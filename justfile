# The operator's and the developer's commands.

compose := "docker compose"

# What there is
[private]
default:
    @{{ just_executable() }} --list --unsorted

# Start everything; make the keys that are missing
up: generate-rsa-keys
    {{ compose }} --profile rotation up --detach --build

# Stop everything; keys, certificates and Redis stay
down:
    {{ compose }} --profile rotation down

# Follow the logs of all services, or of those named
logs *services:
    {{ compose }} logs --follow --tail=100 {{ services }}

# Who is up, and who is well
health:
    {{ compose }} ps --format 'table {{ "{{.Service}}\t{{.State}}\t{{.Health}}" }}'

# Make the keys that sign tokens and assertions; existing ones stay
generate-rsa-keys:
    {{ compose }} --profile tools run --rm --build gateway keys generate

# Make the keys' successors; nobody is refused, nothing restarts (docs/keys.md)
rotate-keys *options:
    {{ compose }} --profile tools run --rm gateway keys rotate {{ options }}

# Every key: what it does, since when, and until when its tokens live
list-keys *options:
    {{ compose }} --profile tools run --rm gateway keys list {{ options }}

# Delete a key that signs no more (--now: since somebody else has it)
retire-key kid *options:
    {{ compose }} --profile tools run --rm gateway keys retire {{ kid }} {{ options }}

# Have every process read again who may come in (ALLOWED_GITHUB_USERS_FILE)
reload:
    {{ compose }} --profile tools run --rm gateway reload

# Fill in the secrets that are missing in .env (--force: replace them)
generate-all-secrets *options:
    scripts/generate-secrets {{ options }}

# Every test; installs what it needs
test:
    scripts/test

# The verifier's figures, each beside its control (docs/performance.md)
bench *options: build-benchmarks
    target/release/bench {{ options }}

# The authorization server's
bench-auth *options: build-benchmarks
    target/release/bench-auth {{ options }}

# The fetch service's, beside mcp-server-fetch from PyPI
bench-fetch *options: build-benchmarks
    [ -x target/bench-fetch/reference/bin/mcp-server-fetch ] || { \
        python3 -m venv target/bench-fetch/reference && \
        target/bench-fetch/reference/bin/pip install --quiet mcp-server-fetch==2026.10.24; }
    target/release/bench-fetch {{ options }}

[private]
build-benchmarks:
    cargo build --release --locked --quiet \
        --package gateway --package auth-service --package forward-auth --package fetch-service \
        --package test-kit --package bench \
        --bin gateway --bin auth-service --bin forward-auth --bin fetch-service --bin fake-github \
        --bin bench --bin bench-auth --bin bench-fetch --bin constant-handler

# Five minutes of load with revocations and restarts of Redis; fails at a wrong answer or a leak
soak seconds="300":
    cargo build --workspace --bins --locked
    target/debug/soak {{ seconds }}

# What CI refuses: formatting, lints, the crates' arrow, the compose file
check:
    cargo fmt --all --check
    cargo clippy --workspace --all-targets --locked -- -D warnings
    scripts/check-arrow
    scripts/check-compose

# Fuzz one input (redirect_uri, basic_credentials, jwt_header, client_metadata, scope, authorization_query, outbound_url)
fuzz target seconds="60":
    RUSTC_BOOTSTRAP=1 cargo fuzz run --sanitizer none {{ target }} -- -max_total_time={{ seconds }} -max_len=16384 -timeout=10
