"""MCP servers that `gateway service-add` added, behind the real Traefik: guarded,
announced, reached with a token, and told so by their own smoke tests."""

import json
import os
import subprocess
import sys

import pytest

EDGE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path[:0] = [EDGE, os.path.join(EDGE, "tests")]

from client import bearer, mcp_url, request  # noqa: E402
from stack import Stack  # noqa: E402

DEPLOYMENT = os.environ["DEPLOYMENT"]
ADDED = ["added", "elsewhere"]


def mint(service):
    """A token, as the recipe makes it."""
    stack = Stack.current()
    before = len(stack.log("gateway"))
    stack.run_once("gateway", "tokens", "mint", "smoke", "--service", service, "--lifetime", "5min", "--json")
    lines = stack.log("gateway")[before:].splitlines()
    return next(json.loads(line) for line in lines if line.startswith("{"))["access_token"]


def smoke_test(service, token=None):
    """Its exit code and what it says."""
    environment = {**os.environ, **({"TOKEN": token} if token else {})}
    path = f"{DEPLOYMENT}/services/{service}.test"
    run = subprocess.run([path], env=environment, capture_output=True, text=True, check=False)
    return run.returncode, run.stdout + run.stderr


@pytest.mark.parametrize("service", ADDED)
def test_the_401_carries_the_services_own_metadata(service):
    answer = request("POST", mcp_url(service))
    metadata = f"https://{service}.gw.test/.well-known/oauth-protected-resource/mcp"
    assert answer.status == 401
    assert f'resource_metadata="{metadata}"' in answer.header("www-authenticate")
    document = request("GET", metadata).json()
    assert document["resource"] == mcp_url(service)
    assert document["authorization_servers"] == ["https://auth.gw.test"]


@pytest.mark.parametrize("service", ADDED)
def test_its_smoke_test_passes_with_a_token_and_without(service):
    code, said = smoke_test(service)
    assert (code, "guarded" in said, "answers" in said) == (0, True, False), said
    token = mint(service)
    code, said = smoke_test(service, token)
    assert (code, "answers with a token" in said) == (0, True), said
    assert token not in said


@pytest.mark.parametrize("service,other", [ADDED, ADDED[::-1]])
def test_a_token_of_one_opens_no_other(service, other):
    headers = bearer(mint(service))
    assert request("GET", mcp_url(service), headers).status == 200
    assert request("GET", mcp_url(other), headers).status == 401
    code, said = smoke_test(other, headers["Authorization"].split()[1])
    assert (code, "not 200" in said) == (1, True), said


def test_the_smoke_test_finds_a_server_that_is_not_there_and_one_without_a_guard():
    with open(f"{DEPLOYMENT}/services/added.test", encoding="utf-8") as file:
        script = file.read()
    # No router leads there; and the issuer's own page asks for no token.
    for name, complaint in {"nothing": "not 401", "auth": "not 401"}.items():
        with open(f"{DEPLOYMENT}/services/{name}.test", "w", encoding="utf-8") as file:
            file.write(script.replace("added", name))
        os.chmod(file.name, 0o755)
        code, said = smoke_test(name)
        assert (code, complaint in said) == (1, True), said


def test_what_is_elsewhere_is_asked_by_its_own_name():
    headers = bearer(mint("elsewhere"))
    got = dict(request("GET", mcp_url("elsewhere"), headers).json()["headers"])
    got = {name.lower(): value for name, value in got.items()}
    assert got["host"] == "echo:3002"
    assert got["x-user-id"] == "client|minted:smoke" and "authorization" not in got
