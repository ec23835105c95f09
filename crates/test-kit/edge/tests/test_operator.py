"""The operator's commands as the recipes run them, in the deployment's own container:
what they end is refused at the edge, and what they make passes it."""

import json
import os
import pty
import subprocess

from client import bearer, mcp_url, refresh, register, request, sign_in, wait_for_status

# Built beside the services; on a terminal of the test's own.
GATEWAY = os.path.join(os.environ.get("EDGE_BINARIES", "target/debug"), "gateway")


def operate(stack, *arguments):
    """Runs a command to its end; answers what it printed."""
    before = len(stack.log("gateway"))
    stack.run_once("gateway", *arguments)
    return stack.log("gateway")[before:]


def objects(stack, *arguments):
    """The JSON objects that a command prints."""
    lines = operate(stack, *arguments, "--json").splitlines()
    return [json.loads(line) for line in lines if line.startswith("{")]


def test_a_minted_token_passes_until_it_is_revoked(stack):
    (minted,) = objects(stack, "tokens", "mint", "ci", "--service", "echo", "--lifetime", "2d")
    headers = bearer(minted["access_token"])
    answer = request("GET", mcp_url("echo"), headers)
    assert answer.status == 200, answer.body
    got = {name.lower(): value for name, value in answer.json()["headers"]}
    assert (got["x-user-id"], got["x-client-id"]) == ("client|minted:ci", "minted:ci")
    assert got["x-auth-assertion"].count(".") == 2 and "authorization" not in got
    assert request("GET", mcp_url("fetch"), headers).status == 401
    (listed,) = objects(stack, "tokens", "list", "--client", "minted:ci")
    assert listed["jti"] == minted["jti"]
    (gone,) = objects(stack, "sessions", "revoke", "--client", "minted:ci", "--yes")
    assert (gone["sessions"], gone["access_tokens"]) == (1, 1)
    assert wait_for_status(mcp_url("echo"), headers, 401, seconds=5).status == 401


def test_a_client_is_ended_with_everything(stack):
    # A client of its own: the other tests' sessions go on.
    tokens = sign_in("echo", register(name="To be ended"))
    headers = bearer(tokens["access_token"])
    assert request("GET", mcp_url("echo"), headers).status == 200
    command = ("sessions", "revoke", "--client", tokens["client_id"])
    (counted,) = objects(stack, *command, "--dry-run")
    assert request("GET", mcp_url("echo"), headers).status == 200
    (done,) = objects(stack, *command, "--yes")
    assert counted | {"dry_run": False} == done and done["sessions"] >= 1
    assert wait_for_status(mcp_url("echo"), headers, 401, seconds=5).status == 401
    assert refresh(tokens).status == 400


def test_an_explanation_comes_from_the_deployments_own_list(stack):
    sign_in("echo")
    (answer,) = objects(stack, "explain", "alice", "echo")
    assert (answer["admitted"], answer["user_id"]) == (True, "github|1001")
    (answer,) = objects(stack, "explain", "mallory", "echo")
    assert (answer["admitted"], answer["why"]) == (False, "not_listed")


def on_a_terminal(stack, answer, *arguments):
    """Runs a command beside Redis on a terminal, and types an answer; what the terminal shows, and
    the exit code."""
    environment = stack.specs["gateway"]["environment"]
    leader, follower = pty.openpty()
    # In the network of the data, where Redis is.
    line = ["nsenter", "--net=/run/netns/redis", "--", GATEWAY, *arguments]
    with subprocess.Popen(
        line,
        env=environment | {"REDIS_URL": "redis://127.0.0.1:6379", "TERM": "xterm"},
        stdin=follower,
        stdout=follower,
        stderr=follower,
        close_fds=True,
    ) as process:
        os.close(follower)
        shown = b""
        while True:
            try:
                part = os.read(leader, 4096)
            except OSError:
                break
            if not part:
                break
            shown += part
            if shown.endswith(b"[y/N] "):
                os.write(leader, f"{answer}\n".encode())
        os.close(leader)
    return shown.decode(), process.returncode


def test_the_operator_is_asked_on_a_terminal(stack):
    tokens = sign_in("echo", register(name="To be ended on a terminal"))
    headers = bearer(tokens["access_token"])
    command = ("sessions", "revoke", "--client", tokens["client_id"])
    shown, code = on_a_terminal(stack, "n", *command)
    assert "This cannot be undone" in shown and "nothing was done" in shown and code == 1
    assert request("GET", mcp_url("echo"), headers).status == 200
    shown, code = on_a_terminal(stack, "y", *command)
    assert "ended" in shown and code == 0
    assert wait_for_status(mcp_url("echo"), headers, 401, seconds=5).status == 401
    shown, code = on_a_terminal(stack, "", "sessions", "revoke", "--user", "alice")
    assert " of github|1001." in shown and code == 1, "a login may mean several people"
    shown, code = on_a_terminal(stack, "", "sessions", "list")
    assert "\x1b[1m" in shown and code == 0, "colour is for terminals"
