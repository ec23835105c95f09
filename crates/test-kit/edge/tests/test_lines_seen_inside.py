"""Lines of the list of what clients need that no client can check from outside
(the others are checked by the dialects, clients/node/dialects.mjs)."""

import contextlib
import html
import json
import re
from urllib.parse import parse_qs, urlsplit

import pytest

from client import (
    ISSUER,
    REDIRECT_URI,
    approve,
    ask_for_token,
    authorization_request,
    bearer,
    code_for,
    mcp_url,
    pkce,
    post_form,
    refresh,
    register,
    request,
    sign_in,
    wait_for,
)

GITHUB = "http://github.test"


@contextlib.contextmanager
def github(**change):
    """GitHub behaves otherwise for a while: somebody else is signed in there, or it
    is down."""
    before = {"login": "alice", "id": 1001, "down": False}
    control(change)
    try:
        yield
    finally:
        control(before)


def control(change):
    answer = request(
        "POST", f"{GITHUB}/_control", {"Content-Type": "application/json"}, json.dumps(change)
    )
    assert answer.status == 204, answer.body


def calls():
    """How often GitHub was asked for anything."""
    return request("GET", f"{GITHUB}/_calls").json()


def test_line_7_a_person_who_is_not_admitted_is_told_so_at_the_sign_in():
    query = authorization_request(register(), REDIRECT_URI, pkce()[1])
    with github(login="mallory", id=666):
        page = approve(query)
    assert page.status == 403 and "“mallory”" in page.body, page.body
    # The way back carries the refusal that the client waits for, and no code.
    (link,) = re.findall(rf'href="({re.escape(REDIRECT_URI)}[^"]*)"', page.body)
    back = parse_qs(urlsplit(html.unescape(link)).query)
    assert (back["error"], back["state"], back["iss"]) == (["access_denied"], [query["state"]], [ISSUER])
    assert "code" not in back


def test_line_7_who_is_no_longer_admitted_gets_401_and_never_403(stack):
    tokens = sign_in("echo")
    headers = bearer(tokens["access_token"])
    with without_alice(stack, "forward-auth"):
        for method in ("GET", "POST", "DELETE"):
            answer = request(method, mcp_url("echo"), headers)
            assert answer.status == 401, answer.body
            assert 'error="invalid_token"' in answer.header("WWW-Authenticate")
    assert request("GET", mcp_url("echo"), headers).status == 200


@contextlib.contextmanager
def without_alice(stack, service):
    """The operator takes Alice off the list, and later puts her back."""
    environment = stack.specs[service]["environment"]
    before = environment["ALLOWED_GITHUB_USERS"]
    restart(stack, service, ALLOWED_GITHUB_USERS="bob")
    try:
        yield
    finally:
        restart(stack, service, ALLOWED_GITHUB_USERS=before)


def restart(stack, service, **settings):
    """Stops a container and starts it with these settings."""
    stack.stop(service)
    stack.specs[service]["environment"] |= settings
    stack.write_spec(stack.specs[service], service)
    stack.start(service)


def test_line_23_github_is_asked_at_the_sign_in_and_by_nothing_else():
    before = calls()
    fields = code_for(register(), "echo")
    assert calls() > before, "a sign-in without GitHub"
    before = calls()
    with github(down=True):
        client_id = register()
        answer = ask_for_token(fields)
        assert answer.status == 200, answer.body
        tokens = answer.json() | {"client_id": fields["client_id"]}
        renewed = refresh(tokens)
        assert renewed.status == 200, renewed.body
        assert request("GET", mcp_url("echo"), bearer(renewed.json()["access_token"])).status == 200
        revocation = {"token": renewed.json()["refresh_token"], "client_id": fields["client_id"]}
        assert post_form(f"{ISSUER}/revoke", revocation).status == 200
    assert client_id and calls() == before


def denials(stack):
    """What the verifier wrote about refused tokens: level and event."""
    lines = [json.loads(line) for line in stack.log("forward-auth").splitlines()]
    audit = [(line["level"], json.loads(line["event"])) for line in lines if line["target"] == "audit"]
    return [(level, event) for level, event in audit if event["event"] == "requests_denied"]


@pytest.mark.parametrize("mine,other", [("fetch", "echo"), ("echo", "fetch")])
def test_line_25_a_token_for_another_service_is_a_warning_that_says_so(stack, token, mine, other):
    before = len(denials(stack))
    answer = request("POST", mcp_url(other), bearer(token(mine)), body="{}")
    assert answer.status == 401
    assert "the token is for another service" in answer.header("WWW-Authenticate")
    # It answers first, and writes within ten seconds.
    # Other tests' denials may be written meanwhile.
    ours = lambda: [seen for seen in denials(stack)[before:] if seen[1]["reason"] == "wrong_audience"]
    ((level, event),) = wait_for(ours)
    assert (level, event["resource"], event["count"]) == ("WARN", mcp_url(other), 1)
