"""Backups in the deployment's own container: where they lie, whose they are, and that
what was revoked since is not revived by one."""

import os
import subprocess

import pytest

from client import bearer, mcp_url, register, request, sign_in, wait_for_status
from test_operator import GATEWAY, objects, on_a_terminal


@pytest.fixture
def key(stack, tmp_path):
    """A key pair: the container has the public half, this is the file of the other."""
    path = tmp_path / "backup.key"
    command = [GATEWAY, "backup", "keygen", str(path)]
    public = subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
    spec = stack.specs["gateway"]
    before = spec["environment"]
    spec["environment"] = before | {"BACKUP_RECIPIENTS": public}
    yield path
    spec["environment"] = before


def test_a_backup_is_made_listed_and_restored(stack, key):
    held = {name: sign_in("echo", register(name=name)) for name in ("stays", "is revoked")}
    (made,) = objects(stack, "backup", "create")
    assert made["file"].startswith("/backups/gateway-") and made["access_tokens"] >= 2
    assert objects(stack, "backup", "list")[-1]["bytes"] == made["bytes"]
    path = f"{stack.work}/volumes/backups/{os.path.basename(made['file'])}"
    found = os.stat(path)
    assert found.st_mode & 0o777 == 0o600
    if os.environ["EDGE_INSIDE"] == "root":
        assert found.st_uid == 65532
    with open(path, "rb") as file:
        content = file.read()
    assert content.startswith(b"age-encryption.org/v1\n")
    assert held["stays"]["client_id"].encode() not in content

    client_id = held["is revoked"]["client_id"]
    objects(stack, "sessions", "revoke", "--client", client_id, "--yes")
    headers = bearer(held["is revoked"]["access_token"])
    assert wait_for_status(mcp_url("echo"), headers, 401, seconds=5).status == 401

    restore = ("backup", "restore", path, "--identity", str(key))
    shown, code = on_a_terminal(stack, "n", *restore)
    assert "This restores" in shown and "nothing was done" in shown and code == 1, shown
    shown, code = on_a_terminal(stack, "y", *restore)
    assert "ended since: 1 access token, 1 refresh token" in shown and code == 0, shown
    assert request("GET", mcp_url("echo"), headers).status == 401
    headers = bearer(held["stays"]["access_token"])
    assert request("GET", mcp_url("echo"), headers).status == 200
