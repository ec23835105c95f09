"""What clients need at the edge, by the lines that docs/rfc-map.md numbers, and
what the MCP specification asks of whatever stands between client and server."""

import json
import os
import re
import secrets
import socket
import subprocess
import time
from urllib.parse import urlencode

import pytest

from client import (
    DOMAIN,
    ISSUER,
    REDIRECT_URI,
    bearer,
    mcp_url,
    post_form,
    post_json,
    request,
)

SERVICES = ["fetch", "everything"]
ORIGIN = "https://inspector.example"
HEADERS = [
    "authorization",
    "content-type",
    "accept",
    "mcp-protocol-version",
    "mcp-session-id",
    "mcp-method",
    "mcp-name",
    "last-event-id",
]


@pytest.mark.parametrize("service", SERVICES)
@pytest.mark.parametrize("path", ["", "/mcp", "/mcp/"])
def test_line_1_the_metadata_is_at_the_path_and_at_the_root_of_each_mcp_host(service, path):
    url = f"https://{service}.{DOMAIN}/.well-known/oauth-protected-resource{path}"
    answer = request("GET", url, {"Origin": ORIGIN})
    assert answer.status == 200
    assert answer.header("Content-Type") == "application/json"
    assert answer.header("Access-Control-Allow-Origin") == "*"
    document = answer.json()
    assert document["resource"] == mcp_url(service)
    assert document["authorization_servers"] == [ISSUER]
    # R4: whether a client stays signed in is nothing that a service asks for.
    assert document["scopes_supported"] == ["mcp"]


def test_line_3_a_client_can_register_at_the_mcp_host():
    document = {"redirect_uris": [REDIRECT_URI], "token_endpoint_auth_method": "none"}
    answer = post_json(f"https://fetch.{DOMAIN}/register", document)
    assert answer.status == 201
    assert answer.json()["registration_client_uri"].startswith(f"{ISSUER}/register/")


@pytest.mark.parametrize("base", [ISSUER, f"https://fetch.{DOMAIN}"])
def test_line_4_a_well_known_name_is_a_document_or_a_plain_404(base):
    for name in ["oauth-authorization-server", "openid-configuration", "jwks.json", "webfinger", "x/y", ""]:
        answer = request("GET", f"{base}/.well-known/{name}")
        assert answer.status in (200, 404), name
        assert "html" not in (answer.header("Content-Type") or "") and "<" not in answer.body, name


def test_line_6_a_bad_token_is_answered_with_the_whole_challenge():
    metadata = re.escape(f"https://fetch.{DOMAIN}/.well-known/oauth-protected-resource/mcp")
    whole = (
        r'Bearer error="invalid_token", error_description="[^"\\]+", '
        rf'resource_metadata="{metadata}", scope="mcp"'
    )
    for method in ["GET", "POST", "DELETE", "PATCH", "HEAD"]:
        answer = request(method, mcp_url("fetch"), bearer("spoilt"))
        assert answer.status == 401, method
        assert re.fullmatch(whole, answer.header("WWW-Authenticate")), answer.headers


def test_line_6_an_options_request_that_is_no_preflight_needs_a_token():
    for headers in ({}, {"Origin": ORIGIN}):
        answer = request("OPTIONS", mcp_url("echo"), headers)
        assert answer.status == 401 and answer.header("WWW-Authenticate").startswith("Bearer ")


def test_line_8_the_mcp_url_is_served_with_and_without_a_slash(token):
    for url in (mcp_url("echo"), f"{mcp_url('echo')}/"):
        answer = request("GET", url, bearer(token("echo")))
        assert answer.status == 200 and answer.json()["path"] == url.split(DOMAIN)[1]


@pytest.mark.parametrize("service", SERVICES)
def test_line_9_preflight_allows_what_clients_send(service):
    asked = {
        "Origin": ORIGIN,
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": ",".join([*HEADERS, "mcp-param-region"]),
    }
    answer = request("OPTIONS", mcp_url(service), asked)
    assert answer.status in (200, 204)
    assert answer.header("Access-Control-Allow-Origin") == "*"
    assert answer.header("Access-Control-Allow-Credentials") is None
    allowed = answer.header("Access-Control-Allow-Headers").lower().replace(" ", "").split(",")
    assert not set(HEADERS) - set(allowed)
    # No tool's parameters are known here: `*` stands for them.
    assert "*" in allowed or "mcp-param-region" in allowed
    methods = answer.header("Access-Control-Allow-Methods").replace(" ", "").split(",")
    assert {"GET", "POST", "DELETE", "OPTIONS"} <= set(methods)


def test_line_9_a_browser_may_read_each_answer_of_a_server(token):
    headers = {"Origin": ORIGIN}
    for answer in (
        request("GET", mcp_url("echo"), headers | bearer(token("echo"))),
        request("GET", mcp_url("echo"), headers),
    ):
        assert answer.status in (200, 401)
        assert answer.header("Access-Control-Allow-Origin") == "*"
        assert answer.header("Access-Control-Allow-Credentials") is None
        exposed = answer.header("Access-Control-Expose-Headers").lower().replace(" ", "").split(",")
        assert {"www-authenticate", "mcp-session-id", "mcp-protocol-version"} <= set(exposed)


def test_line_9_the_origins_that_may_call_are_the_operators():
    listed = middleware_with({"MCP_CORS_ORIGINS": "https://a.example, https://b.example"}, "mcp-cors@file")
    assert listed["headers"]["accessControlAllowOriginList"] == ["https://a.example", "https://b.example"]


def middleware_with(settings, name):
    """One middleware as a Traefik of its own reads it, with other settings."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = "127.0.0.1:%d" % free.getsockname()[1]
    dynamic = os.path.join(os.path.dirname(__file__), "../../../../traefik/dynamic")
    names = ["websecure", "keys"]
    command = [
        "traefik",
        "--api.insecure=true",
        f"--entrypoints.traefik.address={address}",
        *[f"--entrypoints.{name}.address=127.0.0.1:0" for name in names],
        f"--providers.file.directory={dynamic}",
    ]
    environment = {**os.environ, **settings}
    with subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL) as traefik:
        try:
            deadline = time.monotonic() + 30
            while time.monotonic() < deadline:
                try:
                    answer = request("GET", f"http://{address}/api/http/middlewares/{name}")
                    if answer.status == 200:
                        return answer.json()
                except OSError:
                    pass
                time.sleep(0.1)
            raise AssertionError("Traefik does not answer")
        finally:
            traefik.terminate()


def test_line_22_an_unknown_client_and_a_dead_refresh_token_are_told_apart():
    dead = {"grant_type": "refresh_token", "refresh_token": "dead"}
    unknown = post_form(f"{ISSUER}/token", dead | {"client_id": "nobody"})
    assert (unknown.status, unknown.json()["error"]) == (401, "invalid_client")
    registered = post_json(
        f"{ISSUER}/register", {"redirect_uris": [REDIRECT_URI], "token_endpoint_auth_method": "none"}
    )
    known = post_form(f"{ISSUER}/token", dead | {"client_id": registered.json()["client_id"]})
    assert (known.status, known.json()["error"]) == (400, "invalid_grant")


def test_r5_a_request_that_is_refused_never_reaches_the_server(stack, token):
    refused, allowed = secrets.token_hex(8), secrets.token_hex(8)
    for headers in ({}, bearer("spoilt"), bearer(token("fetch"))):
        assert request("POST", f"{mcp_url('echo')}/{refused}", headers, body="{}").status == 401
    assert request("POST", f"{mcp_url('echo')}/{allowed}", bearer(token("echo")), body="{}").status == 200
    log = stack.log("echo")
    assert allowed in log and refused not in log


def test_r13_r14_a_session_is_no_credential(token):
    headers = {"Accept": "application/json, text/event-stream"}
    hello = {
        "jsonrpc": "2.0",
        "id": 1,
        "method": "initialize",
        "params": {
            "protocolVersion": "2025-06-18",
            "capabilities": {},
            "clientInfo": {"name": "edge", "version": "1"},
        },
    }
    begun = post_json(mcp_url("everything"), hello, headers | bearer(token("everything")))
    session = begun.header("Mcp-Session-Id")
    assert begun.status == 200 and session
    headers |= {"Mcp-Session-Id": session, "Mcp-Protocol-Version": "2025-06-18"}
    tools = {"jsonrpc": "2.0", "id": 2, "method": "tools/list"}
    assert post_json(mcp_url("everything"), tools, headers).status == 401
    assert post_json(mcp_url("everything"), tools, headers | bearer(token("fetch"))).status == 401
    assert post_json(mcp_url("everything"), tools, headers | bearer(token("everything"))).status == 200


def test_r16_headers_of_the_protocol_pass_as_they_are_and_sway_nobody(token):
    sent = {
        "Mcp-Param-Region": "=?base64?w6k=?=",
        "Mcp-Param-Made-Up": "x y",
        "Mcp-Method": "tools/call",
        "Mcp-Name": "no such tool",
        "Mcp-Protocol-Version": "2026-07-28",
    }
    answer = request("POST", mcp_url("echo"), sent | bearer(token("echo")), body="{}")
    assert answer.status == 200
    got = {name.lower(): value for name, value in answer.json()["headers"]}
    assert {name: got.get(name.lower()) for name in sent} == sent
    assert request("POST", mcp_url("echo"), sent, body="{}").status == 401


@pytest.mark.parametrize(
    "path", ["/callback?code=x&state=made-up", "/callback?error=access_denied&state=x", "/error"]
)
def test_defect_30_a_sign_in_that_is_over_is_a_page_of_ours(path):
    answer = request("GET", ISSUER + path)
    assert answer.status == 400 and answer.header("Location") is None
    assert answer.header("Content-Type").startswith("text/html") and "<main>" in answer.body


def test_the_operators_own_clients_are_known():
    query = {
        "response_type": "code",
        "client_id": "operators-desk",
        "redirect_uri": "https://desk.test/callback",
        "code_challenge": "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM",
        "code_challenge_method": "S256",
        "resource": mcp_url("fetch"),
    }
    page = request("GET", f"{ISSUER}/authorize?{urlencode(query)}")
    assert page.status == 200 and "The operator's desk" in page.body.replace("&#39;", "'")
