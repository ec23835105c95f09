"""The verifier's Redis user reads whether a token is active, notes its use, appends to
its own audit stream, and may do no more."""

import os

import pytest

VERIFIER = ["--user", "verifier", "--pass", os.environ["REDIS_VERIFIER_PASSWORD"], "--no-auth-warning"]
REFUSED = [
    "SET oauth:token:x 1",
    "DEL oauth:token:x",
    "EXPIRE oauth:token:x 1",
    "EXISTS oauth:token:x",
    "GET oauth:revoked:x",
    "GET oauth:client:x",
    "GET oauth:refresh:x",
    "GET oauth:code:x",
    "GET oauth:state:x",
    "KEYS *",
    "SCAN 0",
    "FLUSHALL",
    "CONFIG GET requirepass",
    "ACL LIST",
    "EVAL return 1",
    "CLIENT LIST",
    "GET oauth:last_used:x",
    "DEL oauth:last_used:x",
    "SET oauth:audit:verifier x",
    "XADD oauth:audit * record x",
    "XRANGE oauth:audit:verifier - +",
    "DEL oauth:audit:verifier",
]


def redis(stack, *words):
    """What redis-cli prints, inside the container of Redis."""
    return stack.enter("redis", "redis-cli", *words).stdout.strip()


@pytest.mark.parametrize("command", REFUSED)
def test_the_verifier_is_refused(stack, command):
    words = command.split() + (["0"] if command.startswith("EVAL") else [])
    assert "NOPERM" in redis(stack, *VERIFIER, *words)


@pytest.mark.parametrize("command", ["GET oauth:token:x", "PING"])
def test_the_verifier_may(stack, command):
    assert redis(stack, *VERIFIER, *command.split()) in ("", "PONG")


def test_nobody_gets_in_without_a_password(stack):
    command = ["env", "-u", "REDISCLI_AUTH", "redis-cli", "ping"]
    assert "NOAUTH" in stack.enter("redis", *command).stdout


def test_what_is_written_survives_as_the_page_says(stack):
    for setting, value in {"appendonly": "yes", "save": "60 1 300 10 900 100"}.items():
        assert redis(stack, "config", "get", setting).splitlines() == [setting, value]
