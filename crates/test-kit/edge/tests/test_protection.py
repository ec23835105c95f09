"""What an MCP server behind the gateway gets, and what a stranger gets."""

import json
import time

import pytest

from client import DOMAIN, ISSUER, bearer, mcp_url, post_form, post_json, request, send, sign_in

SERVICES = ["fetch", "everything"]
METHODS = ["GET", "POST", "PUT", "DELETE", "HEAD"]


@pytest.mark.parametrize("service", SERVICES)
@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("path", ["/mcp", "/mcp/"])
def test_a_stranger_is_told_where_to_sign_in(service, method, path):
    answer = request(
        method, f"https://{service}.{DOMAIN}{path}", body="{}" if method in ("POST", "PUT") else None
    )
    assert answer.status == 401
    challenge = answer.header("WWW-Authenticate")
    metadata = f"https://{service}.{DOMAIN}/.well-known/oauth-protected-resource/mcp"
    assert challenge == f'Bearer resource_metadata="{metadata}", scope="mcp"'
    assert len(answer.body) < 1024
    document = request("GET", metadata)
    assert document.header("Access-Control-Allow-Origin") == "*"
    assert document.json()["resource"] == mcp_url(service)
    assert document.json()["authorization_servers"] == [ISSUER]


@pytest.mark.parametrize(
    "credentials", ["Bearer nonsense", "Bearer a.b.c", "Bearer eyJhbGciOiJub25lIn0.e30."]
)
def test_a_bad_token_is_called_one(credentials):
    answer = request("GET", mcp_url("fetch"), {"Authorization": credentials})
    assert answer.status == 401
    assert 'error="invalid_token"' in answer.header("WWW-Authenticate")


def test_a_forged_identity_does_not_help_a_stranger():
    forged = {
        "X-User-Id": "github|1",
        "X-Auth-Assertion": "x",
        "X-Forwarded-User": "root",
        "X-Original-Url": "/jwks",
    }
    assert request("GET", mcp_url("fetch"), forged).status == 401


def test_two_tokens_are_one_too_many(token):
    twice = [("Authorization", f"Bearer {token('fetch')}")] * 2
    assert request("GET", mcp_url("fetch"), twice).status in (400, 401)


def test_the_server_gets_the_identity_and_never_the_token(token):
    forged = {
        "X-User-Id": "github|1",
        "X-User-Name": "root",
        "X-Client-Id": "mallory",
        "X-Auth-Scope": "admin",
        "X-Auth-Assertion": "forged",
        "X-Forwarded-User": "root",
        "X-Forwarded-Email": "root@gw.test",
        "X-Auth-Request-User": "root",
        "Remote-User": "root",
        "Forwarded": "for=127.0.0.1;host=evil",
        "X-Original-Url": "/public",
        "X-Forwarded-For": "127.0.0.1",
        "X-Forwarded-Host": "evil.test",
    }
    answer = request("GET", mcp_url("echo"), forged | bearer(token("echo")))
    assert answer.status == 200, answer.body
    names = [name.lower() for name, _ in answer.json()["headers"]]
    got = {name.lower(): value for name, value in answer.json()["headers"]}
    assert len(names) == len(set(names)), "a header came twice"
    assert "authorization" not in got and token("echo") not in answer.body
    assert (got["x-user-id"], got["x-user-name"], got["x-auth-scope"]) == ("github|1001", "alice", "mcp")
    assert got["x-client-id"] not in ("", "mallory") and got["x-auth-assertion"].count(".") == 2
    gone = {
        "x-forwarded-user",
        "x-forwarded-email",
        "x-auth-request-user",
        "remote-user",
        "forwarded",
        "x-original-url",
    }
    assert not gone & set(got)
    assert got["x-forwarded-host"] == f"echo.{DOMAIN}" and "127.0.0.1" not in got["x-forwarded-for"]
    assert answer.header("Server") is None


@pytest.mark.parametrize("mine,other", [("fetch", "everything"), ("everything", "fetch"), ("echo", "fetch")])
def test_a_token_for_one_service_is_refused_at_another(token, mine, other):
    answer = request("GET", mcp_url(other), bearer(token(mine)))
    assert answer.status == 401 and 'error="invalid_token"' in answer.header("WWW-Authenticate")


def test_a_revoked_token_is_refused():
    tokens = sign_in("echo")
    headers = bearer(tokens["access_token"])
    assert request("GET", mcp_url("echo"), headers).status == 200
    revocation = {"token": tokens["access_token"], "client_id": tokens["client_id"]}
    assert post_form(f"{ISSUER}/revoke", revocation).status == 200
    # The verifier may believe for a few seconds more what it knew.
    deadline = time.monotonic() + 30
    while (answer := request("GET", mcp_url("echo"), headers)).status == 200 and time.monotonic() < deadline:
        time.sleep(0.05)
    assert answer.status == 401 and 'error="invalid_token"' in answer.header("WWW-Authenticate")


def test_an_unmodified_mcp_server_works_behind_the_gateway(token):
    headers = bearer(token("everything")) | {"Accept": "application/json, text/event-stream"}
    hello = {
        "protocolVersion": "2025-06-18",
        "capabilities": {},
        "clientInfo": {"name": "edge", "version": "1"},
    }
    answer = call(headers, 1, "initialize", hello)
    assert answer["result"]["serverInfo"]["name"]
    headers["Mcp-Session-Id"] = call.session
    headers["Mcp-Protocol-Version"] = "2025-06-18"
    tools = call(headers, 2, "tools/list", {})["result"]["tools"]
    assert "echo" in [tool["name"] for tool in tools]
    result = call(headers, 3, "tools/call", {"name": "echo", "arguments": {"message": "through the gateway"}})
    assert "through the gateway" in json.dumps(result["result"]["content"])


def call(headers, number, method, parameters):
    """One JSON-RPC request; the answer may come as an event stream."""
    document = {"jsonrpc": "2.0", "id": number, "method": method, "params": parameters}
    answer = post_json(mcp_url("everything"), document, headers)
    assert answer.status == 200, answer.body
    call.session = answer.header("Mcp-Session-Id") or call.session
    data = [line[6:] for line in answer.body.splitlines() if line.startswith("data: {")]
    return json.loads(data[-1] if data else answer.body)


call.session = None


def test_an_event_arrives_when_it_is_sent(token):
    connection = send("GET", f"{mcp_url('echo')}/stream", bearer(token("echo")))
    stream = connection.getresponse()
    # The server sends no more before it is told to: a buffer would wait for ever.
    assert stream.readline() == b"data: one\n"
    assert request("POST", f"{mcp_url('echo')}/go-on", bearer(token("echo"))).status == 200
    assert stream.read() == b"\ndata: two\n\n"
    connection.close()


def test_preflight_is_answered_without_the_verifier():
    asked = {
        "Origin": "https://app.example",
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "authorization,content-type,mcp-protocol-version,mcp-session-id",
    }
    answer = request("OPTIONS", mcp_url("fetch"), asked)
    assert answer.status in (200, 204)
    assert answer.header("Access-Control-Allow-Origin") == "*"
    assert answer.header("Access-Control-Allow-Credentials") is None
    allowed = {name.strip().lower() for name in answer.header("Access-Control-Allow-Headers").split(",")}
    assert set(asked["Access-Control-Request-Headers"].split(",")) | {"*"} <= allowed
    assert {"GET", "POST", "DELETE"} <= set(
        answer.header("Access-Control-Allow-Methods").replace(" ", "").split(",")
    )


def test_a_browser_may_read_the_challenge():
    answer = request("POST", mcp_url("fetch"), {"Origin": "https://app.example"}, body="{}")
    assert answer.status == 401
    assert answer.header("Access-Control-Allow-Origin") == "*"
    assert "www-authenticate" in answer.header("Access-Control-Expose-Headers").lower()
