"""Clients that are described by a document of their own (Client ID Metadata
Documents), fetched over real HTTPS by the authorization server as it is shipped."""

import contextlib
import json
import socket
import time

import pytest

import documents
from client import ISSUER, ask_for_token, bearer, code_for, consent_page, mcp_url, refresh, request, sign_in
from documents import asked, document, new_client, new_url, serve
from signer import Signer
from watcher import Watcher

LIMIT = 10 * 1024


def test_a_client_that_never_registered_signs_in_and_is_fetched_once():
    client_id = new_client()
    tokens = sign_in("echo", client_id)
    assert request("GET", mcp_url("echo"), bearer(tokens["access_token"])).status == 200
    assert refresh(tokens).status == 200
    (once,) = asked(client_id)
    assert once["accept"] == "application/json"
    assert not {"cookie", "authorization", "referer", "x-forwarded-for"} & set(once)


def test_a_document_without_caching_headers_is_kept_all_the_same():
    client_id = new_client()
    for _ in range(3):
        assert consent_page(client_id).status == 200
    assert len(asked(client_id)) == 1


@pytest.mark.parametrize("loopback", ["http://localhost", "http://127.0.0.1"])
def test_a_portless_loopback_entry_admits_the_port_of_the_day(loopback):
    client_id = new_client(redirect_uris=["http://localhost/callback", "http://127.0.0.1/callback"])
    assert consent_page(client_id, f"{loopback}:52681/callback").status == 200
    assert consent_page(client_id, f"{loopback}:52681/elsewhere").status == 400


def assert_refused(client_id, words):
    """The person sees a page with these words, and nobody is redirected; at the
    token endpoint the client gets an error that the RFCs know."""
    page = consent_page(client_id)
    assert (page.status, page.header("Location")) == (400, None), page.body
    assert words in page.body, page.body
    answer = ask_for_token({"grant_type": "refresh_token", "refresh_token": "x", "client_id": client_id})
    return answer.status, answer.json()["error"]


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_not_followed(status):
    target, url = new_client(), new_url()
    serve(url, document(url), status=status, headers={"location": target})
    assert assert_refused(url, "its address redirects") == (401, "invalid_client")
    assert asked(url) and asked(target) == []


@pytest.mark.parametrize("status", [201, 203, 206, 401, 403, 404, 410, 429, 500, 503])
def test_only_200_is_an_answer(status):
    url = new_url()
    serve(url, document(url), status=status)
    gone = status in (404, 410)
    words = "nothing at its address" if gone else "cannot be fetched now"
    # What may be an outage is never the client's fault.
    error = (401, "invalid_client") if gone else (503, "temporarily_unavailable")
    assert assert_refused(url, words) == error


def padded(url, size):
    """A document of exactly this size."""
    empty = len(json.dumps(document(url, x=""), separators=(",", ":")))
    return document(url, x="x" * (size - empty))


def test_a_document_may_be_as_large_as_the_limit():
    url = new_url()
    serve(url, padded(url, LIMIT))
    assert consent_page(url).status == 200


DOCUMENTS = {
    "another's": (lambda url: document(new_url()), {}, "not its own address"),
    "by another spelling": (lambda url: document(url.replace("claude.ai", "CLAUDE.ai")), {}, "not its own address"),
    "with a secret": (lambda url: document(url, client_secret="s3cret"), {}, "client_secret"),
    "for a secret": (
        lambda url: document(url, token_endpoint_auth_method="client_secret_post"),
        {},
        "token_endpoint_auth_method",
    ),
    "for a shared key": (
        lambda url: document(url, token_endpoint_auth_method="client_secret_jwt"),
        {},
        "token_endpoint_auth_method",
    ),
    "without a name": (lambda url: document(url, client_name=None), {}, "client_name"),
    "without redirect URIs": (lambda url: document(url, redirect_uris=None), {}, "redirect_uris"),
    "with a key that is nowhere": (
        lambda url: document(url, token_endpoint_auth_method="private_key_jwt"),
        {},
        "jwks",
    ),
    "a page": (lambda url: "<!doctype html><title>Client</title>", {"content-type": "text/html"}, "application/json"),
    "not JSON": (lambda url: "{", {}, "not a JSON object"),
    "too large": (lambda url: padded(url, LIMIT + 1), {}, "too large"),
}


@pytest.mark.parametrize("what", DOCUMENTS)
def test_a_document_that_is_not_good_is_refused(what):
    make, headers, words = DOCUMENTS[what]
    url = new_url()
    serve(url, make(url), headers=headers)
    assert assert_refused(url, words) == (401, "invalid_client")


def test_a_body_without_end_is_cut_off():
    url = new_url()
    serve(url, "", manner="endless")
    assert_refused(url, "too large")


def test_a_host_that_never_answers_is_an_outage():
    url = new_url()
    serve(url, "", manner="silent")
    assert assert_refused(url, "cannot be fetched now") == (503, "temporarily_unavailable")
    assert asked(url)


@pytest.mark.parametrize("host", ["stranger.test", "github.test"])
def test_a_certificate_that_nobody_vouches_for_is_not_believed(host):
    # The first has a certificate that nobody signed, the second none at all.
    url = new_url(host)
    serve(url, document(url))
    assert assert_refused(url, "cannot be fetched now") == (503, "temporarily_unavailable")
    assert asked(url) == []


PRIVATE = {
    "a name with a private address": ("intranet.test", "10.9.1.60", None),
    "a private address": ("10.9.1.60", "10.9.1.60", None),
    "the metadata address of clouds": ("169.254.169.254", "169.254.169.254", None),
    "its own loopback": ("127.0.0.1", "127.0.0.1", "auth-service"),
    "the name of its own loopback": ("localhost", "127.0.0.1", "auth-service"),
    "its own loopback by IPv6": ("[::1]", "::1", "auth-service"),
    "Redis by its name": ("redis", "redis", "redis"),
}


@pytest.mark.parametrize("what", PRIVATE)
def test_nothing_connects_to(stack, what):
    host, address, container = PRIVATE[what]
    if address == "redis":
        address = stack.addresses["redis"]["data"]
    with Watcher(address, container) as watcher:
        for url in (f"https://{host}/oauth/client.json", f"https://{host}:443/oauth/client.json"):
            assert consent_page(url).status == 400
        assert_refused(f"https://{host}/client.json", "not one that this gateway fetches from")
        watcher.assert_nobody_came_but_could_have(stack, "auth-service")


def test_another_port_is_not_connected_to(stack):
    with Watcher(socket.gethostbyname("claude.ai"), port=8443) as watcher:
        assert_refused("https://claude.ai:8443/client.json", "not one that this gateway fetches from")
        watcher.assert_nobody_came_but_could_have(stack, "auth-service")


def test_the_gateways_own_hosts_are_not_asked():
    for host in (ISSUER, mcp_url("fetch").removesuffix("/mcp")):
        assert_refused(f"{host}/client.json", "not one that this gateway fetches from")


def test_plain_http_is_no_client():
    url = new_url().replace("https:", "http:")
    assert "not known here" in consent_page(url).body


@pytest.fixture(name="signer")
def make_signer(tmp_path):
    """A client's key."""
    return Signer(tmp_path)


def new_client_with_key(signer, **changes):
    """A client whose keys are at an address of its own."""
    keys = new_url("chatgpt.com").replace("client.json", "jwks.json")
    serve(keys, signer.jwks())
    return new_client("chatgpt.com", token_endpoint_auth_method="private_key_jwt", jwks_uri=keys, **changes), keys


def redeem(fields, **more):
    """Status and error of a token request, and when to come again."""
    answer = ask_for_token(fields | more)
    return answer.status, answer.json().get("error"), answer.header("Retry-After")


# What is fetched behind a request's back, where an outage would say 5.
LATER = (503, "temporarily_unavailable", "2")


def redeem_in_the_end(fields, signer, client_id):
    """The same once it is known what it asks for: it is fetched behind its back."""
    for _ in range(20):
        outcome = redeem(fields, **signer.proof(client_id))
        if outcome != LATER:
            return outcome
        time.sleep(1)
    raise AssertionError("it is never known")


def test_a_client_proves_itself_by_the_key_at_its_address(signer, tmp_path):
    client_id, keys = new_client_with_key(signer)
    fields = code_for(client_id, "echo")
    assert len(asked(keys)) == 1, "known before its first token request"
    assert redeem(fields) == (401, "invalid_client", None), "without a proof"
    another = Signer(tmp_path)
    assert redeem(fields, **another.proof(client_id)) == LATER, "another's key, or a new one"
    assert redeem_in_the_end(fields, another, client_id) == (401, "invalid_client", None)
    proof = signer.proof(client_id)
    assert redeem(fields, **proof) == (200, None, None)
    assert redeem(fields, **proof) == (401, "invalid_client", None), "the same proof again"


def test_a_new_key_is_good_once_it_was_asked_for(signer, tmp_path):
    client_id, keys = new_client_with_key(signer)
    fields = code_for(client_id, "echo")
    new = Signer(tmp_path)
    serve(keys, new.jwks())
    assert redeem(fields, **new.proof(client_id)) == LATER
    assert redeem_in_the_end(fields, new, client_id) == (200, None, None)


def test_keys_in_the_private_network_are_not_fetched(stack, signer):
    client_id = new_client(token_endpoint_auth_method="private_key_jwt", jwks_uri="https://intranet.test/jwks.json")
    with Watcher("10.9.1.60") as watcher:
        fields = code_for(client_id, "echo")
        assert redeem_in_the_end(fields, signer, client_id) == (401, "invalid_client", None)
        watcher.assert_nobody_came_but_could_have(stack, "auth-service")


@pytest.mark.parametrize("manner", ["silent", "down"])
def test_no_token_request_waits_for_the_host_of_its_clients_keys(signer, tmp_path, manner):
    client_id, keys = new_client_with_key(signer)
    fields = code_for(client_id, "echo")
    with documents.outage() if manner == "down" else contextlib.nullcontext():
        if manner == "silent":
            serve(keys, "", manner="silent")
        new = Signer(tmp_path)
        for _ in range(2):
            assert redeem(fields, **new.proof(client_id)) == LATER
        assert redeem(fields, **signer.proof(client_id)) == (200, None, None)


def test_keys_that_cannot_be_fetched_now_are_no_fault_of_the_client(signer):
    client_id, keys = new_client_with_key(signer)
    serve(keys, "", status=503)
    fields = code_for(client_id, "echo")
    assert redeem(fields, **signer.proof(client_id)) == LATER
    serve(keys, signer.jwks())
    assert redeem_in_the_end(fields, signer, client_id) == (200, None, None)
