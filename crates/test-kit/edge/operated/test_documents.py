"""The commands of docs/production.md, keys.md, backup.md and doctor.md, as they are written; the
first on a machine that has nothing."""

import os
import subprocess

from client import register, sign_in
from conftest import DIRECTORY, status

ANSWERS = ("BASE_DOMAIN", "ACME_EMAIL", "GITHUB_CLIENT_ID", "GITHUB_CLIENT_SECRET", "ALLOWED_GITHUB_USERS")


def of_the_test(operator):
    """What `.env` says beside the five answers, in the test: another authority, another GitHub."""
    lines = [line.partition("=") for line in operator.env_file.splitlines() if "=" in line]
    kept = {name: value for name, _, value in lines if not name.startswith(("#", *ANSWERS))}
    secrets = ("GATEWAY_JWT_SECRET", "REDIS_PASSWORD", "REDIS_VERIFIER_PASSWORD")
    return {name: value for name, value in kept.items() if name not in secrets}


def test_from_nothing_to_a_deployment_that_somebody_uses(operator, page):
    others = of_the_test(operator)
    book = page("production.md")
    operator.loses_the_machine()
    operator.says(f"git clone {os.environ['ORIGIN']} gateway", directory=DIRECTORY.parent)

    # No terminal: the answers come from the environment.
    operator.environment |= {name: os.environ[name] for name in ANSWERS}
    said = book.does("just setup")
    for name in ANSWERS:
        del operator.environment[name]
    assert "Next: just up" in said and (DIRECTORY / ".env").stat().st_mode & 0o777 == 0o600, said
    operator.sets(**others)
    made = book.does("just generate-rsa-keys")
    assert made.count("made ") == 4, made
    book.does("just up")
    shown = book.does("just health")
    assert shown.count("running\thealthy") == len(shown.splitlines()) - shown.count("docker compose"), shown
    operator.waits_for_order()
    tokens = sign_in("echo", register(name="The first client"))
    assert status(tokens, 200) == 200

    book.does("docker run")
    held = subprocess.run(["tar", "tzf", DIRECTORY / "signing-keys.tar.gz"], capture_output=True, text=True, check=True)
    assert "-rs256.pem" in held.stdout
    book.does("git pull")
    book.does("just up")
    assert status(tokens, 200) == 200


def test_the_page_of_the_keys(operator, page):
    tokens = sign_in("echo", register(name="Through a rotation"))
    book = page("keys.md")
    book.does("just list-keys")
    assert '"kid"' in book.does("just list-keys")
    assert "signs from" in book.does("just rotate-keys")
    assert status(tokens, 200) == 200
    book.does("just down")
    book.does("docker volume rm")
    book.does("just up")
    operator.waits_for_order()
    assert status(tokens, 200) == 200


def test_the_page_of_the_backups(operator, page):
    operator.says("rm -f backup.key")
    tokens = sign_in("echo", register(name="In a backup"))
    book = page("backup.md")
    public = book.does("gateway backup keygen").splitlines()[0]
    operator.sets(BACKUP_RECIPIENTS=public)
    book.does("just oauth-backup")
    book.names |= {"gateway-20261126T031500Z.age": operator.newest_backup(), "age1RECIPIENT": public}
    book.does("docker run")
    shown = book.does("just oauth-backup-view")
    assert f"/backups/{operator.newest_backup()}" in shown and "access tokens" in shown, shown
    assert "would be restored" in book.does("just oauth-restore")
    book.does("just oauth-restore")
    for command in ("age --encrypt", "docker run"):
        book.does(command)
    assert "GATEWAY_JWT_SECRET=" in operator.says("age --decrypt --identity backup.key env.age")
    assert "-rs256.pem" in operator.says("age --decrypt --identity backup.key signing-keys.age | tar t")
    assert status(tokens, 200) == 200


def test_the_page_of_the_doctor(operator, page):
    book = page("doctor.md")
    assert "ok    routers" in book.does("docker run")
    said = operator.says("BASE_DOMAIN=gw.test MCP_SERVICES=fetch gateway doctor --outside-only")
    assert "ok    certificate" in said, said
