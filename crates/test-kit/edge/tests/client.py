"""A small HTTP client that hides nothing, and the whole sign-in on top of it."""

import base64
import concurrent.futures
import hashlib
import http.client
import http.cookies
import json
import os
import re
import secrets
import ssl
import time
from dataclasses import dataclass
from urllib.parse import parse_qs, urlencode, urljoin, urlsplit

DOMAIN = os.environ.get("BASE_DOMAIN", "gw.test")
ISSUER = f"https://auth.{DOMAIN}"
REDIRECT_URI = "http://127.0.0.1:34567/callback"


@dataclass
class Answer:
    """Status, headers in their order, body."""

    status: int
    headers: list
    body: str

    def all(self, name):
        """Every value of a header."""
        return [value for key, value in self.headers if key.lower() == name.lower()]

    def header(self, name):
        """The only value of a header, or None."""
        values = self.all(name)
        assert len(values) <= 1, f"{name} comes {len(values)} times"
        return values[0] if values else None

    def json(self):
        """The body as JSON."""
        return json.loads(self.body)


def send(method, url, headers=None, body=None):
    """Sends a request; answers the connection, for an answer that is a stream.
    `headers` may repeat a name."""
    parts = urlsplit(url)
    if parts.scheme == "https":
        connection = http.client.HTTPSConnection(
            parts.netloc, timeout=30, context=ssl.create_default_context()
        )
    else:
        connection = http.client.HTTPConnection(parts.netloc, timeout=30)
    body = body.encode() if body is not None else None
    connection.putrequest(method, url.split(parts.netloc, 1)[1] or "/", skip_accept_encoding=True)
    for name, value in headers.items() if isinstance(headers, dict) else headers or []:
        connection.putheader(name, value)
    if body is not None:
        connection.putheader("Content-Length", str(len(body)))
    connection.endheaders(body)
    return connection


def request(method, url, headers=None, body=None):
    """One request; redirects are not followed."""
    connection = send(method, url, headers, body)
    response = connection.getresponse()
    answer = Answer(response.status, response.getheaders(), response.read().decode(errors="replace"))
    connection.close()
    return answer


def wait_for_status(url, headers, status, seconds=30):
    """Asks until the status comes; answers the last answer."""
    deadline = time.monotonic() + seconds
    while (answer := request("GET", url, headers)).status != status and time.monotonic() < deadline:
        time.sleep(0.2)
    return answer


def wait_for(question, seconds=15):
    """The first answer that is not empty, or the last one."""
    deadline = time.monotonic() + seconds
    while not (answer := question()) and time.monotonic() < deadline:
        time.sleep(0.2)
    return answer


def at_once(question, times=300):
    """The answers to many requests, sixteen at a time."""
    with concurrent.futures.ThreadPoolExecutor(16) as pool:
        return list(pool.map(lambda _: question(), range(times)))


def post_json(url, document, headers=None):
    """A JSON body."""
    headers = {"Content-Type": "application/json", **(headers or {})}
    return request("POST", url, headers, json.dumps(document))


def post_form(url, fields, headers=None):
    """A form body."""
    headers = {"Content-Type": "application/x-www-form-urlencoded", **(headers or {})}
    return request("POST", url, headers, urlencode(fields))


def patiently(question):
    """The answer to a question that the edge may find too many: its 429 says when to
    ask again, and these tests ask faster than any person."""
    while (answer := question()).status == 429:
        time.sleep(max(int(answer.header("Retry-After")), 0.1))
    return answer


def ask_for_token(fields):
    """A request to the token endpoint."""
    return patiently(lambda: post_form(f"{ISSUER}/token", fields))


def mcp_url(service):
    """Where a service is, which is also its resource identifier."""
    return f"https://{service}.{DOMAIN}/mcp"


def bearer(token):
    """The header that carries a token."""
    return {"Authorization": f"Bearer {token}"}


class Browser:
    """A person's browser without scripts: cookies by host, redirects one by one."""

    def __init__(self):
        self.cookies = {}

    def go(self, method, url, fields=None):
        """One step."""
        host = urlsplit(url).netloc
        kept = self.cookies.setdefault(host, {})
        headers = {"Cookie": "; ".join(f"{n}={v}" for n, v in kept.items())} if kept else {}
        if method == "POST":
            origin = "{0.scheme}://{0.netloc}".format(urlsplit(url))
            headers |= {"Origin": origin, "Sec-Fetch-Site": "same-origin"}
            answer = patiently(lambda: post_form(url, fields, headers))
        else:
            answer = patiently(lambda: request(method, url, headers))
        for line in answer.all("Set-Cookie"):
            for name, morsel in http.cookies.SimpleCookie(line).items():
                kept[name] = morsel.value
        return answer

    def follow(self, url, stop):
        """Follows redirects until one begins with `stop`, and answers that one; or,
        where they end before, the page."""
        for _ in range(10):
            if url.startswith(stop):
                return url
            answer = self.go("GET", url)
            if answer.status not in (302, 303):
                return answer
            url = urljoin(url, answer.header("Location"))
        raise AssertionError("too many redirects")


def register(redirect_uri=REDIRECT_URI, name="Edge test"):
    """A public client, the same one for the same words; answers its id."""
    document = {
        "client_name": name,
        "redirect_uris": [redirect_uri],
        "grant_types": ["authorization_code", "refresh_token"],
        "token_endpoint_auth_method": "none",
    }
    answer = patiently(lambda: post_json(f"{ISSUER}/register", document))
    assert answer.status == 201, answer.body
    return answer.json()["client_id"]


def authorization_request(client_id, redirect_uri, challenge, service="fetch"):
    """The parameters of an authorization request, with a state of its own."""
    return {
        "response_type": "code",
        "client_id": client_id,
        "redirect_uri": redirect_uri,
        "code_challenge": challenge,
        "code_challenge_method": "S256",
        "resource": mcp_url(service),
        "state": secrets.token_urlsafe(16),
    }


def pkce():
    """A verifier and its challenge (RFC 7636, S256)."""
    verifier = secrets.token_urlsafe(48)
    digest = hashlib.sha256(verifier.encode()).digest()
    return verifier, base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


def consent_page(client_id, redirect_uri=REDIRECT_URI, browser=None):
    """What a person sees whom this client sends to the authorization endpoint."""
    query = authorization_request(client_id, redirect_uri, pkce()[1])
    return (browser or Browser()).go("GET", f"{ISSUER}/authorize?{urlencode(query)}")


def approve(query):
    """The person's part, from the consent page to the redirect to the client or to
    the page where it ended; answers the URL or the page."""
    browser = Browser()
    page = browser.go("GET", f"{ISSUER}/authorize?{urlencode(query)}")
    assert page.status == 200, page.body
    hidden = re.search(r'<input[^>]*name="request"[^>]*value="([^"]*)"', page.body)
    assert hidden, "the consent page has no field `request`"
    answer = browser.go("POST", f"{ISSUER}/consent", {"request": hidden[1], "decision": "approve"})
    assert answer.status == 303, answer.body
    return browser.follow(answer.header("Location"), query["redirect_uri"])


def code_for(client_id, service, redirect_uri=REDIRECT_URI):
    """Everything before the token request; answers its fields."""
    verifier, challenge = pkce()
    query = authorization_request(client_id, redirect_uri, challenge, service)
    back = approve(query)
    assert isinstance(back, str), back.body
    answer = parse_qs(urlsplit(back).query)
    assert answer["state"] == [query["state"]] and answer["iss"] == [ISSUER], answer
    return {
        "grant_type": "authorization_code",
        "code": answer["code"][0],
        "redirect_uri": redirect_uri,
        "client_id": client_id,
        "code_verifier": verifier,
        "resource": mcp_url(service),
    }


def sign_in(service, client_id=None, redirect_uri=REDIRECT_URI):
    """Registration (of a client that has no id yet), consent, GitHub, code, token;
    answers the token response, with the id of the client."""
    client_id = client_id or register(redirect_uri)
    answer = ask_for_token(code_for(client_id, service, redirect_uri))
    assert answer.status == 200, answer.body
    return answer.json() | {"client_id": client_id}


def refresh(tokens):
    """The answer to a refresh of a token response."""
    fields = {"grant_type": "refresh_token", "refresh_token": tokens["refresh_token"]}
    return ask_for_token(fields | {"client_id": tokens["client_id"]})
