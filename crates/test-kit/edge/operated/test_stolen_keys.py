"""docs/runbooks/key-compromised.md: a thief has every key and secret, and then has none."""

import json
import subprocess
import time

import pytest

from client import bearer, mcp_url, refresh, register, request, sign_in
from conftest import DIRECTORY, status
from signer import base64url, openssl


def decoded(part):
    """A part of a JWT."""
    padded = part + "=" * (-len(part) % 4)
    return json.loads(openssl("base64", "-d", "-A", stdin=padded.translate({45: "+", 95: "/"}).encode()))


def forged(token, key):
    """What a thief makes of a token that he saw once: the same, for another day."""
    header, claims, _ = token.split(".")
    claims = decoded(claims) | {"exp": int(time.time()) + 86_400}
    signed = f"{header}.{base64url(json.dumps(claims).encode())}"
    return f"{signed}.{base64url(openssl('dgst', '-sha256', '-sign', str(key), stdin=signed.encode()))}"


def redis_answers(stack, password):
    """Whether Redis takes a password."""
    said = stack.enter("redis", "redis-cli", "--no-auth-warning", "-a", password, "ping")
    return "PONG" in said.stdout and "AUTH failed" not in said.stdout + said.stderr


def secret(name):
    """A secret of `.env`."""
    lines = (DIRECTORY / ".env").read_text("utf-8").splitlines()
    return next(line.partition("=")[2] for line in lines if line.startswith(f"{name}="))


@pytest.fixture
def thief(operator, tmp_path):
    """What he copied: the volumes of keys and `.env`."""
    subprocess.run(["cp", "-r", f"{operator.stack.work}/volumes/.", tmp_path], check=True)
    return tmp_path


def test_a_thief_is_locked_out(operator, page, thief, backup_key):
    tokens = sign_in("echo", register(name="Whose token was seen"))
    # There are several where another page was just carried out; the last one may not sign yet.
    tried = (forged(tokens["access_token"], key) for key in (thief / "signing-keys").glob("*.pem"))
    forgery = next(token for token in tried if request("GET", mcp_url("echo"), bearer(token)).status == 200)
    old, password = secret("GATEWAY_JWT_SECRET"), secret("REDIS_PASSWORD")
    kid = decoded(forgery.split(".")[0])["kid"]

    book = page("runbooks/key-compromised.md", KID=kid)
    assert kid in book.does("just list-keys")
    book.does("just rotate-keys")
    shown = book.does("just list-keys")
    assert "upcoming" in shown, shown
    deadline = time.monotonic() + 60
    while "upcoming" in operator.says("just list-keys") and time.monotonic() < deadline:
        time.sleep(1)
    # The authorization server looks at its keys every two seconds.
    time.sleep(3)
    book.does("just retire-key")
    assert status({"access_token": forgery}, 401) == 401 and status(tokens, 401) == 401
    renewed = refresh(tokens)
    assert renewed.status == 200, "the client goes on by itself"
    tokens = renewed.json()
    assert status(tokens, 200) == 200

    assert redis_answers(operator.stack, password)
    said = book.does("just generate-all-secrets")
    book.does("just up")
    operator.waits_for_order()
    assert secret("GATEWAY_JWT_SECRET") not in (old, "") and secret("REDIS_PASSWORD") not in said
    assert not redis_answers(operator.stack, password)
    assert status(tokens, 200) == 200, "nobody else notices"

    assert "would end" in book.does("just oauth-revoke-all")
    book.does("just oauth-revoke-all")
    assert status(tokens, 401) == 401

    book.does("just down")
    book.does("docker volume rm")
    book.does("just up")
    ours = f"{operator.stack.work}/volumes/internal-ca-certificate/ca.crt"
    with open(ours, encoding="utf-8") as now:
        assert now.read() != (thief / "internal-ca-certificate/ca.crt").read_text("utf-8")
    operator.waits_for_order()
    fresh = sign_in("echo", register(name="After the theft"))
    assert status(fresh, 200) == 200

    operator.says("just oauth-backup")
    book.does("just oauth-doctor")
    assert "Unusual" in book.does("just oauth-report")
