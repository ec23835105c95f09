"""The last of the edge's tests: its logs, and then what it does in trouble."""

import json
import re
import subprocess
import time

import documents
from client import (
    ISSUER,
    ask_for_token,
    at_once,
    bearer,
    consent_page,
    mcp_url,
    post_form,
    refresh,
    request,
    wait_for_status,
)
from figures import connections


def entries(stack):
    """Traefik's log, line by line."""
    return [json.loads(line) for line in stack.log("traefik").splitlines()]


def test_traefik_has_nothing_to_complain_about(stack):
    complaints = [
        entry
        for entry in entries(stack)
        if entry["level"] not in ("info", "debug")
        # The hostile clients go away while the verifier is asked about them.
        and not (
            entry.get("middlewareType") == "ForwardAuth"
            and re.search(r"/verify/[a-z]+\": context canceled$", entry.get("error", ""))
        )
    ]
    assert complaints == []


def test_the_access_log_holds_no_query_and_no_token(stack, token):
    request("GET", f"{ISSUER}/callback?code=SECRET-CODE&state=SECRET-STATE")
    request("GET", mcp_url("echo"), bearer(token("echo")))
    time.sleep(0.5)
    paths = [entry["RequestPath"] for entry in entries(stack) if "RequestPath" in entry]
    assert "/callback" in paths
    log = stack.log("traefik")
    assert "SECRET-" not in log and token("echo") not in log


def test_no_secret_is_in_any_log(stack, token):
    request("GET", f"{ISSUER}/callback?code=SECRET-CODE&state=SECRET-STATE")
    secrets = ["SECRET-"] + [
        value
        for spec in stack.specs.values()
        for name, value in spec["environment"].items()
        if name.endswith(("SECRET", "PASSWORD"))
    ] + [token("echo"), token("fetch")]
    assert len(secrets) >= 5
    for name in stack.specs:
        log = stack.log(name)
        assert not [secret for secret in secrets if secret in log], name


def test_without_redis_the_verifier_denies_and_recovers_by_itself(stack, token):
    url, headers = mcp_url("echo"), bearer(token("echo"))
    assert request("GET", url, headers).status == 200
    stack.stop("redis")
    try:
        answer = wait_for_status(url, headers, 503)
        assert answer.status == 503 and int(answer.header("Retry-After")) > 0
        assert request("GET", url).status in (401, 503), "a stranger is never let in"
    finally:
        stack.start("redis")
    assert wait_for_status(url, headers, 200).status == 200


def test_without_the_verifier_the_door_is_closed(stack, token):
    url, headers = mcp_url("echo"), bearer(token("echo"))
    stack.stop("forward-auth")
    try:
        assert wait_for_status(url, headers, 500).status == 500
    finally:
        stack.start("forward-auth")
    assert wait_for_status(url, headers, 200).status == 200


def foreign_certificate(stack, directory):
    """Another CA's certificate for the verifier, made by the same command."""
    places = {"INTERNAL_CA_DIR": "ca", "INTERNAL_CA_CERTIFICATE_DIR": "crt", "VERIFIER_TLS_DIR": "tls"}
    places |= {"JWT_KEY_DIR": "signing", "ASSERTION_KEY_DIR": "assertion"}
    environment = {name: f"{directory}/{place}" for name, place in places.items()}
    program = stack.specs["gateway"]["mounts"]["/gateway"]
    subprocess.run([program, "keys", "generate"], env=environment, check=True, stdout=subprocess.DEVNULL)
    return {name: (directory / "tls" / name).read_text() for name in ("tls.key", "tls.crt")}


def test_a_verifier_that_the_internal_ca_does_not_vouch_for_is_not_believed(stack, token, tmp_path):
    url, headers = mcp_url("echo"), bearer(token("echo"))
    # It mends what this test spoils.
    stack.stop("key-keeper")
    stack.stop("forward-auth")
    try:
        directory = stack.specs["forward-auth"]["mounts"]["/keys/tls"]
        for name, text in foreign_certificate(stack, tmp_path).items():
            with open(f"{directory}/{name}", "w", encoding="utf-8") as file:
                file.write(text)
        stack.start("forward-auth")
        assert {answer.status for answer in at_once(lambda: request("GET", url, headers), times=32)} == {500}
        assert connections(stack, "none") > 0 and connections(stack, "h2") == 0
    finally:
        stack.start("key-keeper")
    assert wait_for_status(url, headers, 200).status == 200


def test_without_the_server_the_answer_says_so_with_the_headers_on(stack, token):
    stack.stop("echo")
    try:
        answer = request("GET", mcp_url("echo"), bearer(token("echo")))
        assert answer.status == 502 and answer.header("X-Content-Type-Options") == "nosniff"
    finally:
        stack.start("echo")


def test_a_document_is_asked_for_again_when_its_headers_say_so(known):
    known.wait()
    for client_id in (known.long_lived, known.short_lived):
        documents.serve(client_id, documents.document(client_id, client_name="Renamed"))
    # It may have been fetched a moment ago, before its time was over, since its client is in use.
    until = time.monotonic() + documents.LEAST_LIFETIME + 15
    while "Renamed" not in consent_page(known.short_lived).body:
        assert time.monotonic() < until, "nobody asks for it again"
        time.sleep(2)
    assert "Renamed" not in consent_page(known.long_lived).body
    assert len(documents.asked(known.long_lived)) == 1 and len(documents.asked(known.short_lived)) >= 2


def asked_in_vain(stack):
    """The clients whose last document was used since no newer one could be fetched."""
    return {
        entry["client_id"]
        for entry in map(json.loads, stack.log("auth-service").splitlines())
        if "the last one is used" in entry.get("message", "")
    }


def test_line_26_known_clients_get_on_while_the_host_of_their_documents_is_down(stack, known):
    known.wait()
    stranger = documents.new_client()
    assert len(known.tokens) >= 8
    clients = {tokens["client_id"] for tokens in known.tokens.values()}
    with documents.outage():
        # Each goes stale within a minute, and is then asked for in vain.
        until = time.monotonic() + documents.LEAST_LIFETIME + 15
        while True:
            for name, tokens in known.tokens.items():
                assert consent_page(tokens["client_id"], tokens["redirect_uri"]).status == 200, name
            if clients <= asked_in_vain(stack):
                break
            assert time.monotonic() < until, clients - asked_in_vain(stack)
            time.sleep(2)
        for name, tokens in known.tokens.items():
            assert refresh(tokens).status == 200, name
        page = consent_page(stranger)
        assert (page.status, page.header("Location")) == (400, None)
        assert "cannot be fetched now" in page.body
        fields = {"grant_type": "refresh_token", "refresh_token": "x", "client_id": stranger}
        answer = ask_for_token(fields)
        assert (answer.status, answer.json()["error"]) == (503, "temporarily_unavailable")
        assert int(answer.header("Retry-After")) > 0
    deadline = time.monotonic() + 30
    while (page := consent_page(stranger)).status != 200 and time.monotonic() < deadline:
        time.sleep(0.5)
    assert page.status == 200, "the pause after a failure has no end"


def test_a_flood_of_tokens_is_slowed_down():
    answers = at_once(lambda: post_form(f"{ISSUER}/token", {"grant_type": "nonsense"}))
    refused = [answer for answer in answers if answer.status == 429]
    assert refused and all(int(answer.header("Retry-After")) > 0 for answer in refused)


def test_a_flood_of_registrations_is_slowed_down():
    answers = at_once(lambda: request("POST", f"{ISSUER}/register", body="{}"))
    assert 429 in {answer.status for answer in answers}


def test_discovery_and_the_challenge_are_never_slowed_down():
    for url, status in ((f"{ISSUER}/jwks", 200), (mcp_url("fetch"), 401)):
        assert {answer.status for answer in at_once(lambda url=url: request("GET", url))} == {status}
    metadata = f"{ISSUER}/.well-known/oauth-authorization-server"
    assert {answer.status for answer in at_once(lambda: request("GET", metadata))} == {200}
