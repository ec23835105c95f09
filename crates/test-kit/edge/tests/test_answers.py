"""What every answer of the edge carries, and what never gets past it."""

from urllib.parse import quote

import pytest

from client import DOMAIN, ISSUER, mcp_url, post_form, request

FETCH = f"https://fetch.{DOMAIN}"
HEADERS = {
    "Strict-Transport-Security": "max-age=31536000; includeSubDomains; preload",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Content-Security-Policy": "default-src 'self'; object-src 'none'; base-uri 'none'; frame-ancestors 'none'",
}
ANSWERS = {
    "a page of the issuer": (f"{ISSUER}/error", None),
    "the issuer's metadata": (f"{ISSUER}/.well-known/oauth-authorization-server", 200),
    "the issuer's keys": (f"{ISSUER}/jwks", 200),
    "an authorization error": (f"{ISSUER}/authorize?client_id=nobody", 400),
    "a protected resource's metadata": (f"{FETCH}/.well-known/oauth-protected-resource/mcp", 200),
    "a request without a token": (mcp_url("fetch"), 401),
    "Traefik's own 404": (f"{FETCH}/nothing/here", 404),
    "a well-known document that is not there": (f"{FETCH}/.well-known/openid-configuration", 404),
}


@pytest.mark.parametrize("what", ANSWERS)
def test_the_security_headers_are_on(what):
    url, status = ANSWERS[what]
    answer = request("GET", url)
    assert status in (None, answer.status), answer.body
    assert {name: answer.header(name) for name in HEADERS} == HEADERS
    assert answer.header("Server") is None and answer.header("X-Powered-By") is None


@pytest.mark.parametrize("host", ["auth", "fetch", "everything", "nothing"])
def test_plain_http_is_redirected_for_good(host):
    answer = request("GET", f"http://{host}.{DOMAIN}/mcp?a=b")
    assert (answer.status, answer.header("Location")) == (301, f"https://{host}.{DOMAIN}/mcp?a=b")
    answer = post_form(f"http://{host}.{DOMAIN}/token", {"grant_type": "x"})
    assert (answer.status, answer.header("Location")) == (308, f"https://{host}.{DOMAIN}/token")


def test_a_host_that_is_not_ours_gets_no_certificate():
    with pytest.raises(OSError, match="UNRECOGNIZED_NAME"):
        request("GET", f"https://nothing.{DOMAIN}/")


ENCODED = ["%2f", "%5c", "%00", "%3b", "%25", "%3f", "%23"]


@pytest.mark.parametrize("encoded", ENCODED)
@pytest.mark.parametrize("base", [ISSUER, FETCH, f"http://auth.{DOMAIN}"])
def test_an_encoded_path_character_is_refused(base, encoded):
    assert request("GET", f"{base}/.well-known/..{encoded}mcp").status == 400


@pytest.mark.parametrize("encoded", ENCODED)
def test_an_encoded_path_character_is_refused_inside_too(stack, encoded):
    assert ask_inside(stack, f"/assertion-jwks{encoded}x") in ("400", "404")


@pytest.mark.parametrize(
    "name", ["X_User_Id", "X.User.Id", "X~User~Id", "x_auth_assertion", "X_Forwarded_Host"]
)
def test_a_disguised_header_name_is_refused(stack, name):
    for url in (f"{ISSUER}/jwks", mcp_url("fetch"), f"http://fetch.{DOMAIN}/mcp"):
        assert request("GET", url, {name: "mallory"}).status == 400
    assert ask_inside(stack, "/assertion-jwks", "--header", f"{name}: mallory") == "400"


def test_the_inner_entry_point_gives_the_assertion_keys_and_nothing_else(stack):
    assert ask_inside(stack, "/assertion-jwks") == "200"
    for path in ("/", "/jwks", "/verify/fetch", "/mcp", "/token", "/assertion-jwks/"):
        assert ask_inside(stack, path) == "404", path


@pytest.mark.parametrize("path", ["openid-configuration", "jwks.json", "oauth-authorization-server/mcp", "x"])
def test_other_well_known_documents_of_an_mcp_host_are_a_plain_404(path):
    answer = request("GET", f"{FETCH}/.well-known/{path}")
    assert answer.status == 404 and "<" not in answer.body


def test_the_mcp_host_has_the_endpoints_that_old_clients_look_for_there():
    metadata = request("GET", f"{FETCH}/.well-known/oauth-authorization-server")
    assert (metadata.status, metadata.json()["issuer"]) == (200, ISSUER)
    resource = "resource=" + quote(f"{FETCH}/mcp", safe="")
    query = "client_id=a%20b&state=c%2Fd"
    for asked, sent in [(query, f"{query}&{resource}"), (f"{resource}&x", f"{resource}&x")]:
        authorize = request("GET", f"{FETCH}/authorize?{asked}")
        location = authorize.header("Location")
        assert (authorize.status, location) == (302, f"{ISSUER}/authorize?{sent}")
    token = post_form(f"{FETCH}/token", {"grant_type": "nonsense", "client_id": "nobody"})
    assert token.status in (400, 401) and "error" in token.json()


def ask_inside(stack, path, *options):
    """The status that fetch-service gets at Traefik's entry point `keys`."""
    address = stack.addresses["traefik"]["fetch"]
    command = ["curl", "-s", "-o", "/dev/null", "-w", "%{http_code}", "--path-as-is", *options]
    return stack.from_network_of("fetch-service", *command, f"http://{address}:8082{path}").stdout
