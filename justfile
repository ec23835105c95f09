# The operator's and the developer's commands.

compose := "docker compose"

# What there is
[private]
default:
    @{{ just_executable() }} --list --unsorted

# Start everything; make the keys that are missing
up: generate-rsa-keys
    {{ compose }} up --detach --build

# Stop everything; keys, certificates and Redis stay
down:
    {{ compose }} down

# Follow the logs of all services, or of those named
logs *services:
    {{ compose }} logs --follow --tail=100 {{ services }}

# Who is up, and who is well
health:
    {{ compose }} ps --format 'table {{ "{{.Service}}\t{{.State}}\t{{.Health}}" }}'

# Make the keys that sign tokens and assertions; existing ones stay
generate-rsa-keys:
    {{ compose }} --profile tools run --rm --build gateway keys generate

# Fill in the secrets that are missing in .env (--force: replace them)
generate-all-secrets *options:
    scripts/generate-secrets {{ options }}

# Every test; installs what it needs
test:
    scripts/test

# What CI refuses: formatting, lints, the crates' arrow, the compose file
check:
    cargo fmt --all --check
    cargo clippy --workspace --all-targets --locked -- -D warnings
    scripts/check-arrow
    scripts/check-compose
