"""docs/runbooks/upgrade.md: a newer version comes and goes, and nobody signs in again."""

import os
import shutil
import sqlite3
import subprocess
from pathlib import Path

import pytest

from client import refresh, register, sign_in
from conftest import DIRECTORY, status

ORIGIN = Path(os.environ["ORIGIN"])


def git(*words):
    """Somebody else works on the project."""
    author = ["-c", "user.name=test", "-c", "user.email=test@gw.test"]
    subprocess.run(["git", "-C", ORIGIN, *author, *words], check=True, capture_output=True)


def records(stack, change):
    """Changes each refresh token's record in Redis, as another version would have written it."""
    ask = lambda *words: stack.enter("redis", "redis-cli", *words).stdout.strip()
    names = ask("--scan", "--pattern", "oauth:refresh:*").splitlines()
    values = {name: ask("get", name) for name in names}
    for name, value in values.items():
        assert change(value) != value, value
        assert ask("set", name, change(value), "keepttl") == "OK"
    return len(values)


@pytest.fixture
def newer():
    """A version that others have published."""
    compose = ORIGIN / "docker-compose.yml"
    text = compose.read_text("utf-8")
    assert "LOG_LEVEL:-info" in text
    compose.write_text(text.replace("LOG_LEVEL:-info", "LOG_LEVEL:-debug"), "utf-8")
    with open(ORIGIN / "CHANGELOG.md", "a", encoding="utf-8") as file:
        file.write("\n- The log says more.\n")
    git("commit", "--all", "--message", "The second version")


def log_level(operator):
    """What the running verifier was started with."""
    return operator.stack.specs["forward-auth"]["environment"]["LOG_LEVEL"]


def test_a_version_comes_and_goes(operator, page, newer, backup_key):
    tokens = sign_in("echo", register(name="Through an upgrade"))
    version = operator.says("git rev-parse --short HEAD").strip()
    book = page("runbooks/upgrade.md", VERSION=version)
    assert book.does("git rev-parse").strip() == version
    assert "/backups/gateway-" in book.does("just oauth-backup")
    book.does("just oauth-doctor")
    book.does("git fetch")
    assert "+- The log says more." in book.does("git diff")
    book.does("git pull")
    # As a version wrote it that did not keep the time of the approval.
    assert records(operator.stack, lambda value: value.replace('"approved_at"', '"not_known_then"'))
    before = dict(operator.stack.pids)
    book.does("just up")
    operator.waits_for_order()
    replaced = {name for name, pid in operator.stack.pids.items() if before[name] != pid}
    assert {"auth-service", "forward-auth"} <= replaced and "redis" not in replaced
    assert log_level(operator) == "debug"
    assert status(tokens, 200) == 200, "nobody signs in again"
    renewed = refresh(tokens)
    assert renewed.status == 200
    tokens |= renewed.json()
    assert "unhealthy" not in book.does("just health")
    book.does("just oauth-stats")
    book.does("just oauth-doctor")

    # As the newer version may have written it.
    assert records(operator.stack, lambda value: value.replace("{", '{"of_a_newer_version":1,', 1))
    book.does("git checkout")
    book.does("just up")
    operator.waits_for_order()
    assert log_level(operator) == "info"
    assert status(tokens, 200) == 200 and refresh(tokens).status == 200
    operator.says("git switch main")

    of_the_single_process(operator, book)


def of_the_single_process(operator, book):
    """Its file, which a newer version changed."""
    data = DIRECTORY / "data"
    operator.starts_the_single_process(data)
    book.does("cp -a")
    (store,) = data.glob("*.db")
    with sqlite3.connect(store) as database:
        database.execute("PRAGMA user_version = 99")
    assert "was written by a newer version" in operator.says("gateway stats --data-dir data", 1)
    book.does("mv data")
    operator.says("gateway stats --data-dir data")
    for left in ("data", "data-newer"):
        shutil.rmtree(DIRECTORY / left)
