# The operator's and the developer's commands.

compose := "docker compose"

# What runs the operator's commands: the deployment's container. Without Docker say
# OPERATOR_COMMAND=gateway, with the settings in the environment (docs/operations.md).
operator := env("OPERATOR_COMMAND", compose + " --profile tools run --rm gateway")

# The same for what comes before everything else: the executable is built first.
operator_built := env("OPERATOR_COMMAND", compose + " --profile tools run --rm --build gateway")

# The same for what writes files of the deployment: they are this directory's, and its owner's.
on_files := env("OPERATOR_COMMAND", "docker run --rm --interactive $([ -t 0 ] && echo --tty) --env BASE_DOMAIN --env ACME_EMAIL --env GITHUB_CLIENT_ID --env GITHUB_CLIENT_SECRET --env ALLOWED_GITHUB_USERS --volume '" + justfile_directory() + ":/deployment' --workdir /deployment --user \"$(id -u):$(id -g)\" mcp-oauth-gateway/gateway:local")

# What there is
[private]
default:
    @{{ just_executable() }} --list --unsorted

# Ask what the deployment has to know, make its secrets, and say what is next
[positional-arguments]
setup *options:
    @[ -n "${OPERATOR_COMMAND-}" ] || docker build --file deploy/Dockerfile --target gateway --tag mcp-oauth-gateway/gateway:local .
    @scripts/generate-secrets
    @{{ on_files }} setup "$@"

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

# Add another MCP server (NAME URL, or NAME IMAGE --port PORT; --dry-run)
[positional-arguments]
service-add *options:
    @{{ on_files }} service-add "$@"

# Make the keys that sign tokens and assertions; existing ones stay
generate-rsa-keys:
    {{ operator_built }} keys generate

# Make the keys' successors; nobody is refused, nothing restarts (docs/keys.md)
rotate-keys *options:
    {{ operator }} keys rotate {{ options }}

# Every key: what it does, since when, and until when its tokens live
list-keys *options:
    {{ operator }} keys list {{ options }}

# Delete a key that signs no more (--now: since somebody else has it)
retire-key kid *options:
    {{ operator }} keys retire {{ kid }} {{ options }}

# Have every process read again who may come in (ALLOWED_GITHUB_USERS_FILE)
reload:
    {{ operator }} reload

# Registered clients: who they say they are, since when, until when
[group('oauth')]
[positional-arguments]
oauth-list-registrations *options:
    @{{ operator }} registrations list "$@"

# Active access tokens (--client ID, --user LOGIN, --service NAME, --full, --json)
[group('oauth')]
[positional-arguments]
oauth-list-tokens *options:
    @{{ operator }} tokens list "$@"

# Sessions: what one person gave one client for one service (the same options)
[group('oauth')]
[positional-arguments]
oauth-sessions *options:
    @{{ operator }} sessions list "$@"

# Clients, sessions and tokens, one table below the other
[group('oauth')]
[positional-arguments]
oauth-show-all *options:
    @{{ operator }} show-all "$@"

# How many there are, in all and for each service
[group('oauth')]
[positional-arguments]
oauth-stats *options:
    @{{ operator }} stats "$@"

# Would this person be let in to this service now, and why (USER SERVICE)
[group('oauth')]
[positional-arguments]
oauth-explain *options:
    @{{ operator }} explain "$@"

# Login attempts: how far each came, why it stopped, what mends it (REFERENCE, --since 7d, --failed)
[group('oauth')]
[positional-arguments]
oauth-trace *options:
    @{{ operator }} trace "$@"

# What was refused, what is unusual, how well requests were decided (--since 7d, --html FILE)
[group('oauth')]
[positional-arguments]
oauth-report *options:
    @{{ operator }} report "$@"

# What is wrong, from inside and from outside, and what mends it (--only, --json)
[group('oauth')]
[positional-arguments]
oauth-doctor *options:
    #!/usr/bin/env bash
    set -euo pipefail
    if [[ -n ${OPERATOR_COMMAND-} ]]; then
        exec $OPERATOR_COMMAND doctor "$@"
    fi
    colour=()
    if [[ -t 1 ]]; then
        colour=(--env CLICOLOR_FORCE=1)
        set -- --columns "$(tput cols)" "$@"
    fi
    # Compose says what it runs: published ports, logs, labels.
    {{ compose }} --profile '*' config --format json |
        {{ compose }} --profile tools run --rm --no-TTY "${colour[@]}" doctor \
            doctor --project /project --compose - "$@"

# A token for a script or a job (NAME --service NAME --lifetime 90d)
[group('oauth')]
[positional-arguments]
oauth-mint *options:
    @{{ operator }} tokens mint "$@"

# End a client with its sessions, tokens, codes and registration (CLIENT_ID; --dry-run)
[group('oauth')]
[positional-arguments]
oauth-delete-client-complete *options:
    @{{ operator }} registrations delete --complete "$@"

# End every session of a client (CLIENT_ID; --dry-run)
[group('oauth')]
[positional-arguments]
oauth-revoke-client-tokens *options:
    @{{ operator }} sessions revoke --client "$@"

# End every session of a person (LOGIN, number or id; --dry-run)
[group('oauth')]
[positional-arguments]
oauth-revoke-user *options:
    @{{ operator }} sessions revoke --user "$@"

# End every session: everybody signs in again (--dry-run)
[group('oauth')]
[positional-arguments]
oauth-revoke-all *options:
    @{{ operator }} sessions revoke --all "$@"

# End one access token; its client may renew it (JTI; --dry-run)
[group('oauth')]
[positional-arguments]
oauth-delete-token *options:
    @{{ operator }} tokens delete "$@"

# End every access token; clients may renew them (--dry-run)
[group('oauth')]
[positional-arguments]
oauth-delete-all-tokens *options:
    @{{ operator }} tokens delete --all "$@"

# Delete a registration; its tokens live until they expire (CLIENT_ID; --dry-run)
[group('oauth')]
[positional-arguments]
oauth-delete-registration *options:
    @{{ operator }} registrations delete "$@"

# Delete every registration (--dry-run)
[group('oauth')]
[positional-arguments]
oauth-delete-all-registrations *options:
    @{{ operator }} registrations delete --all "$@"

# Clear away what has expired; the gateway does so by itself, little by little
[group('oauth')]
[positional-arguments]
oauth-purge-expired *options:
    @{{ operator }} purge-expired "$@"

# Count what that would clear away
[group('oauth')]
[positional-arguments]
oauth-purge-expired-dry *options:
    @{{ operator }} purge-expired --dry-run "$@"

# Write an encrypted backup (BACKUP_RECIPIENTS; docs/backup.md)
[group('oauth')]
[positional-arguments]
oauth-backup *options:
    @{{ operator }} backup create "$@"

# The backups that there are, the newest last
[group('oauth')]
[positional-arguments]
oauth-backup-list *options:
    @{{ operator }} backup list "$@"

# What is in the newest backup, or in FILE (--identity - < KEYFILE)
[group('oauth')]
[positional-arguments]
oauth-backup-view *options:
    @{{ operator }} backup view "$@"

# Put the newest backup back, or FILE (--identity - < KEYFILE; --clear, --dry-run, --yes)
[group('oauth')]
[positional-arguments]
oauth-restore *options:
    @{{ operator }} backup restore "$@"

# Fill in the secrets that are missing in .env (--force: replace them)
generate-all-secrets *options:
    scripts/generate-secrets {{ options }}

# Fill in the root secret alone (--force: replace it)
generate-jwt-secret *options:
    scripts/generate-secrets --only GATEWAY_JWT_SECRET {{ options }}

# Fill in the passwords of Redis alone (--force: replace them)
generate-redis-password *options:
    scripts/generate-secrets --only REDIS_PASSWORD,REDIS_VERIFIER_PASSWORD {{ options }}

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
    scripts/check-observability

# Fuzz one input (redirect_uri, basic_credentials, jwt_header, client_metadata, scope, authorization_query, outbound_url, robots, html, charset, feed)
fuzz target seconds="60":
    RUSTC_BOOTSTRAP=1 cargo fuzz run --sanitizer none {{ target }} -- -max_total_time={{ seconds }} -max_len=16384 -timeout=10
