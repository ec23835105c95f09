"""docs/runbooks/restore.md: the data, and then the whole machine, are lost and come back."""

import json
import os
import shutil
import time

from client import refresh, register, sign_in, wait_for
from conftest import DIRECTORY, status

LOSE_REDIS = "just down && docker volume rm mcp-oauth-gateway_redis-data && just up"


def signing_keys(operator):
    """The keys of access tokens: what each does, by its `kid`."""
    keys = json.loads(operator.says("just list-keys --json 2>/dev/null"))
    return {key["kid"]: key["state"] for key in keys if key["purpose"] == "tokens"}


def rotated(operator):
    """The signing key is another; answers the one of before, which is still believed."""
    (before,) = [kid for kid, state in signing_keys(operator).items() if state == "active"]
    operator.says("just rotate-keys")
    assert wait_for(lambda: signing_keys(operator)[before] == "retired", seconds=60)
    # The authorization server looks at its keys every two seconds.
    time.sleep(3)
    return before


def test_what_was_lost_comes_back(operator, page, backup_key):
    stolen = rotated(operator)
    tokens = {name: sign_in("echo", register(name=name)) for name in ("stays", "is ended later")}
    ended = tokens["is ended later"]["client_id"]
    names = {"age1RECIPIENT": backup_key, "REPOSITORY": os.environ["ORIGIN"], "KID": stolen}
    book = page("runbooks/restore.md", CLIENT_ID=ended, **names)
    book.does("just oauth-backup")
    book.names["FILE"] = operator.newest_backup()
    for command in ("docker run", "age --encrypt", "docker run"):
        book.does(command)
    operator.says(f"just oauth-delete-client-complete {ended} --yes")
    assert status(tokens["is ended later"], 401) == 401
    late = sign_in("echo", register(name="came later"))

    operator.says(LOSE_REDIS)
    operator.waits_for_order()
    assert status(tokens["stays"], 401) == 401, "the store is lost"
    assert book.names["FILE"] in book.does("just oauth-backup-list")
    book.does("just oauth-backup-view")
    assert "would be restored" in book.does("just oauth-restore")
    book.does("just oauth-restore")
    assert status(tokens["stays"], 200) == 200
    assert status(tokens["is ended later"], 200) == 200, "a new store knows only what the backup knows"
    assert status(late, 401) == 401
    book.does("just oauth-delete-client-complete")
    assert status(tokens["is ended later"], 401) == 401
    book.does("just oauth-stats")

    fresh = sign_in("echo", register(name="after it"))
    assert "ended since" in book.does("just oauth-restore")
    book.does("just oauth-restore")
    assert status(tokens["is ended later"], 401) == 401, "the store knows what ended"
    assert status(fresh, 401) == 401 and status(tokens["stays"], 200) == 200

    operator.says(f"just retire-key {stolen} --now")
    on_a_new_machine(operator, book, tokens, stolen)
    into_a_file(operator, book)
    book.does("rm")
    assert not (DIRECTORY / "backup.key").exists()


def on_a_new_machine(operator, book, tokens, stolen):
    """The machine is gone; what was copied away is not."""
    safe = DIRECTORY.parent / "safe"
    safe.mkdir()
    names = ["backup.key", "env.age", "signing-keys.age", book.names["FILE"]]
    for name in names:
        shutil.copy(DIRECTORY / name, safe)
    operator.loses_the_machine()

    book.does("git clone", directory=DIRECTORY.parent)
    for name in names:
        shutil.copy(safe / name, DIRECTORY)
    shutil.rmtree(safe)
    for command in ("(umask", "age --decrypt", "just up"):
        book.does(command)
    operator.waits_for_order()
    assert (DIRECTORY / ".env").stat().st_mode & 0o777 == 0o600
    assert status(tokens["stays"], 401) == 401, "it runs, and knows nobody"
    assert stolen in book.does("just list-keys"), "the copy brought it back"
    book.does("just rotate-keys")
    book.does("just retire-key")
    assert stolen not in signing_keys(operator)
    book.does("docker run")
    assert "would be restored" in book.does("just oauth-restore")
    book.does("just oauth-restore")
    assert status(tokens["stays"], 200) == 200, "by the old signing key"
    assert refresh(tokens["stays"]).status == 200
    assert "unhealthy" not in book.does("just health")
    book.does("just oauth-stats")
    book.does("just oauth-doctor")


def into_a_file(operator, book):
    """The same backup, for the single process."""
    operator.starts_the_single_process(DIRECTORY / "copy")
    book.does("gateway backup restore")
    assert "echo" in book.does("gateway stats")
    book.does("BACKUP_RECIPIENTS=")
    (made,) = (DIRECTORY / "backups").iterdir()
    said = operator.says(f"gateway backup view {made} --identity backup.key --data-dir copy --json")
    assert json.loads(said.splitlines()[0])["store"] == "sqlite", said
