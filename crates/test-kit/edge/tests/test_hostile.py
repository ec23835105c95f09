"""Hostile requests through the real Traefik, judged by what reaches the MCP
server behind it: without a token nothing does, and with one nothing but the
identity that the verifier gives."""

import json
import re

import pytest

from client import DOMAIN, bearer, mcp_url, request
from raw_http import http1, http2

ECHO = f"echo.{DOMAIN}"
AUTH = f"auth.{DOMAIN}"
IDENTITY = ["x-user-id", "x-user-name", "x-client-id", "x-auth-scope", "x-auth-assertion"]
FORGED = "mallory"


class Server:
    """The MCP server, asked directly what reached it."""

    def __init__(self, stack):
        self.stack = stack
        self.known = len(self.all())

    def all(self):
        """Every request since it began."""
        address = self.stack.addresses["echo"]["echo"]
        asked = self.stack.from_network_of("traefik", "curl", "-sS", f"http://{address}:3002/seen")
        return json.loads(asked.stdout)

    def reached(self):
        """What has reached it since the last time."""
        seen = self.all()
        new, self.known = seen[self.known :], len(seen)
        return new


@pytest.fixture
def server(stack):
    """What reaches the MCP server from now on."""
    return Server(stack)


@pytest.fixture(scope="module")
def alice(token):
    """Who the token's holder is, as the server is told of an ordinary request."""
    answer = request("GET", mcp_url("echo"), bearer(token("echo")))
    assert answer.status == 200, answer.body
    return identity(answer.json())


def identity(seen):
    """Each header that a server could take for an identity, by whatever spelling."""
    found = {}
    for name, value in seen["headers"]:
        plain = re.sub("[^a-z0-9]", "-", name.lower())
        if plain in IDENTITY:
            found.setdefault(plain, []).append(value)
    # It differs each time that it is renewed; whose it is, is in its middle.
    assert [value.count(".") for value in found.pop("x-auth-assertion")] == [2]
    return found


def assert_genuine(requests, alice):
    """Everything that reached the server is Alice's, and shows no token."""
    for seen in requests:
        assert identity(seen) == alice, seen
        text = json.dumps(seen)
        assert FORGED not in text, seen
        assert "authorization" not in [name.lower() for name, _ in seen["headers"]], seen
        assert re.fullmatch(r"/mcp(/.*)?(\?.*)?", seen["path"]), seen


def message(target="/mcp", host=ECHO, method="GET", headers="", body=""):
    """A request; `headers` are whole lines."""
    return f"{method} {target} HTTP/1.1\r\nHost: {host}\r\n{headers}Connection: close\r\n\r\n{body}"


FORGERY = "".join(f"{name}: {FORGED}\r\n" for name in IDENTITY)
PATHS = [
    *["/mcp", "//mcp", "/./mcp", "/mcp/", "/mcp/x", "/x/../mcp", "/%6dcp", "/%6D%63%70", "/mcp?x", "/mcp;x=1"],
    *["/.well-known/../mcp", "/.well-known//../mcp", "/.well-known/%2e%2e/mcp", "/.well-known/.%2e/mcp"],
    *["/.well-known/oauth-protected-resource/../../mcp", "/.well-known/oauth-protected-resource/mcp/../../../mcp"],
    *["/.well-known/..;/mcp", "/.well-known/%252e%252e/mcp", "/.well-known/..\\mcp", "/.well-known/..%c0%afmcp"],
    *[f"/.well-known/..{encoded}mcp" for encoded in ("%2f", "%5c", "%00", "%3b", "%25", "%3f", "%23", "%2F%2f")],
    *["/authorize/../mcp", "/token/../mcp", "/token/%2e%2e/mcp", "/register/../mcp", "/jwks/../mcp"],
    *[f"https://{ECHO}/mcp", f"http://{ECHO}/mcp", f"https://{AUTH}/mcp", "/.well-known/x?/../mcp", "/x#/../mcp"],
]


@pytest.mark.parametrize("target", PATHS)
@pytest.mark.parametrize("host", [ECHO, AUTH])
def test_no_path_leads_a_stranger_to_the_server(server, target, host):
    for name in (ECHO, AUTH):
        http1(name, message(target, host, headers=FORGERY))
        http1(name, message(target, host, "POST", f"{FORGERY}Content-Length: 2\r\n", "{}"))
    assert server.reached() == []


@pytest.mark.parametrize("target", PATHS)
def test_no_path_confuses_whose_request_it_is(server, alice, token, target):
    credentials = f"Authorization: Bearer {token('echo')}\r\n"
    http1(ECHO, message(target, headers=credentials + FORGERY))
    assert_genuine(server.reached(), alice)


HOSTS = [
    *[ECHO.upper(), f"{ECHO}.", f"{ECHO}:443", f"{ECHO}:1", f"{ECHO}.:443", f"x@{ECHO}", f"{ECHO} {AUTH}"],
    *[f"{ECHO}\r\nHost: {AUTH}", f"{AUTH}\r\nHost: {ECHO}", f"{ECHO}%00.{AUTH}", f"{ECHO}/x", f"{ECHO}#", ""],
]


@pytest.mark.parametrize("host", HOSTS)
def test_no_host_leads_a_stranger_to_the_server(server, host):
    for name in (ECHO, AUTH):
        http1(name, message(host=host, headers=FORGERY))
        http1(name, f"GET /mcp HTTP/1.0\r\nHost: {host}\r\n{FORGERY}\r\n")
    assert server.reached() == []


@pytest.mark.parametrize("host", HOSTS)
def test_no_host_makes_a_token_good_elsewhere(server, alice, token, host):
    foreign = f"Authorization: Bearer {token('fetch')}\r\nX-Forwarded-Host: fetch.{DOMAIN}\r\n"
    http1(ECHO, message(host=host, headers=foreign))
    assert server.reached() == []
    http1(ECHO, message(host=host, headers=f"Authorization: Bearer {token('echo')}\r\n{FORGERY}"))
    assert_genuine(server.reached(), alice)


@pytest.mark.parametrize("host", [ECHO.upper(), f"{ECHO}:443"])
def test_another_spelling_of_the_host_is_the_same_host(server, alice, token, host):
    answer = http1(ECHO, message(host=host, headers=f"Authorization: Bearer {token('echo')}\r\n"))
    assert answer.startswith("HTTP/1.1 200"), answer
    reached = server.reached()
    assert len(reached) == 1
    assert_genuine(reached, alice)


@pytest.mark.parametrize("method", ["TRACE", "get", "CONNECT", "OPTIONS", "PRI", "PATCH", "PROPFIND", "X"])
def test_no_method_leads_a_stranger_to_the_server(server, method):
    preflight = f"Origin: https://app.example\r\nAccess-Control-Request-Method: {method}\r\n"
    http1(ECHO, message(method=method, headers=FORGERY))
    http1(ECHO, message(method=method, headers=FORGERY + preflight))
    http1(ECHO, message("*", method=method, headers=FORGERY))
    assert server.reached() == []


WORDS_OF_THE_EDGE = [
    "X-Forwarded-Uri: /.well-known/oauth-protected-resource/mcp",
    "X-Forwarded-Uri: /mcp\r\nX-Forwarded-Uri: /jwks",
    "X-Forwarded-Method: OPTIONS",
    f"X-Forwarded-Host: {AUTH}",
    "X-Forwarded-Proto: http",
    "X-Forwarded-Prefix: /.well-known",
    "X-Forwarded-For: 127.0.0.1",
    "X-Real-Ip: 127.0.0.1",
    "X-Original-Url: /jwks",
    "X-Rewrite-Url: /jwks",
    "X-Http-Method-Override: OPTIONS",
    "Forwarded: for=127.0.0.1;host=evil",
    "Connection: X-Forwarded-Host, X-Forwarded-Uri, X-Forwarded-Method",
    "Connection: Authorization",
    f"Connection: {', '.join(IDENTITY)}",
    f"Connection: X-Forwarded-For, Authorization, {', '.join(IDENTITY)}",
    "Proxy-Connection: Authorization",
    "Upgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAoAAAAAIAAAAA",
    "Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==",
]


@pytest.mark.parametrize("line", WORDS_OF_THE_EDGE)
def test_what_only_the_edge_may_say_is_not_believed_of_a_client(server, alice, token, line):
    # `Connection` comes once more, at the end of the message: both count.
    http1(ECHO, message(headers=f"{line}\r\n{FORGERY}"))
    assert server.reached() == []
    http1(ECHO, message(headers=f"Authorization: Bearer {token('fetch')}\r\n{line}\r\n{FORGERY}"))
    assert server.reached() == []
    http1(ECHO, message(headers=f"Authorization: Bearer {token('echo')}\r\n{line}\r\n{FORGERY}"))
    assert_genuine(server.reached(), alice)


def spellings(name):
    """Ways to write a header's name that some server may take for it."""
    words = name.split("-")
    for separator in "-_.~!^*'+|":
        yield separator.join(words)
        yield separator.join(word.title() for word in words)
    yield "-".join(words[:-1]) + "_" + words[-1]
    yield name.upper()
    yield f"{name} "
    yield f" {name}"
    yield f"{name}\t"
    yield f"X-A: b\r\n\r{name}"
    yield f"X-A: b\n{name}"
    yield f"X-A: b\r\n\tc\r\n{name}"
    yield f"X-A: b\0\r\n{name}"


@pytest.mark.parametrize("name", IDENTITY)
def test_no_spelling_of_an_identity_header_reaches_the_server(server, alice, token, name):
    credentials = f"Authorization: Bearer {token('echo')}\r\n"
    for spelling in spellings(name):
        for lines in (f"{spelling}: {FORGED}\r\n", f"{spelling}: {FORGED}\r\n{spelling}: {FORGED}-2\r\n"):
            http1(ECHO, message(headers=credentials + lines))
            http1(ECHO, message(headers=lines))
            assert_genuine(server.reached(), alice)


@pytest.mark.parametrize(
    "lines",
    [
        "Authorization: Bearer {good}\r\nAuthorization: Bearer bad\r\n",
        "Authorization: Bearer bad\r\nAuthorization: Bearer {good}\r\n",
        "Authorization: Bearer {good}\r\nAuthorization: Bearer {good}\r\n",
        "Authorization: Bearer {good}, Bearer bad\r\n",
        "Authorization: Bearer bad, Bearer {good}\r\n",
        "Authorization: Bearer {good} x\r\n",
        "Authorization: Basic {good}\r\n",
        "Authorization: {good}\r\n",
        "Authorization:\r\n",
        "Authorization_: Bearer {good}\r\n",
        "Proxy-Authorization: Bearer {good}\r\n",
        "X-Authorization: Bearer {good}\r\n",
        "Cookie: Authorization=Bearer {good}; access_token={good}\r\n",
        "Authorization: Bearer {good}\r\nConnection: Authorization\r\n",
    ],
)
def test_only_one_plain_authorization_counts(server, token, lines):
    http1(ECHO, message(headers=lines.format(good=token("echo"))))
    assert server.reached() == []


def test_a_token_counts_nowhere_but_in_the_header(server, token):
    good = token("echo")
    form = f"access_token={good}"
    length = f"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {len(form)}\r\n"
    http1(ECHO, message(f"/mcp?{form}"))
    http1(ECHO, message(method="POST", headers=length, body=form))
    assert server.reached() == []


INNER = f"GET /mcp HTTP/1.1\r\nHost: {ECHO}\r\n{FORGERY}\r\n"
CHUNKED = "Transfer-Encoding: chunked\r\n"
# Headers and body of a POST whose end is a matter of opinion.
SMUGGLED = {
    "length and chunks": (f"Content-Length: 6\r\n{CHUNKED}", f"0\r\n\r\n{INNER}"),
    "chunks and length": (f"{CHUNKED}Content-Length: {len(INNER) + 5}\r\n", f"0\r\n\r\n{INNER}"),
    "unknown coding": ("Transfer-Encoding: xchunked\r\nContent-Length: 4\r\n", f"abcd{INNER}"),
    "chunked, identity": ("Transfer-Encoding: chunked, identity\r\n", f"0\r\n\r\n{INNER}"),
    "identity, chunked": ("Transfer-Encoding: identity, chunked\r\n", f"0\r\n\r\n{INNER}"),
    "two codings": (f"{CHUNKED}Transfer-Encoding: identity\r\n", f"0\r\n\r\n{INNER}"),
    "twice chunked": (f"{CHUNKED}{CHUNKED}", f"0\r\n\r\n{INNER}"),
    "space before the colon": ("Transfer-Encoding : chunked\r\nContent-Length: 5\r\n", f"0\r\n\r\n{INNER}"),
    "tab in the coding": ("Transfer-Encoding:\tchunked\r\nContent-Length: 5\r\n", f"0\r\n\r\n{INNER}"),
    "vertical tab in the coding": ("Transfer-Encoding: \x0bchunked\r\nContent-Length: 5\r\n", f"0\r\n\r\n{INNER}"),
    "folded coding": ("Transfer-Encoding:\r\n chunked\r\nContent-Length: 5\r\n", f"0\r\n\r\n{INNER}"),
    "two lengths": (f"Content-Length: 0\r\nContent-Length: {len(INNER)}\r\n", INNER),
    "two lengths in one": (f"Content-Length: 0, {len(INNER)}\r\n", INNER),
    "signed length": ("Content-Length: +0\r\n", INNER),
    "negative length": ("Content-Length: -1\r\n", INNER),
    "spaced length": ("Content-Length: 0 0\r\n", INNER),
    "hexadecimal length": ("Content-Length: 0x0\r\n", INNER),
    "no length": ("", INNER),
    "bad chunk size": (CHUNKED, f"-1\r\nabc\r\n0\r\n\r\n{INNER}"),
    "huge chunk size": (CHUNKED, f"fffffffffffffffff\r\nabc\r\n0\r\n\r\n{INNER}"),
    "chunk with bare line feeds": (CHUNKED, f"3\nabc\n0\n\n{INNER}"),
    "line feed in a chunk extension": (CHUNKED, f"3;a=\nb\r\nabc\r\n0\r\n\r\n{INNER}"),
    "trailer with an identity": (f"{CHUNKED}Trailer: x-user-id\r\n", f"1\r\na\r\n0\r\n{FORGERY}\r\n{INNER}"),
    "expected to go on": ("Expect: 100-continue\r\nContent-Length: 0\r\n", INNER),
}


@pytest.mark.parametrize("name", SMUGGLED)
@pytest.mark.parametrize("line_end", ["\r\n", "\n"])
def test_no_request_is_smuggled_in_another(server, alice, token, name, line_end):
    headers, body = SMUGGLED[name]
    for credentials in ("", f"Authorization: Bearer {token('echo')}\r\n"):
        for path in ("/mcp", "/.well-known/oauth-protected-resource/mcp"):
            head = f"POST {path} HTTP/1.1\r\nHost: {ECHO}\r\n{credentials}{headers}\r\n"
            # A last request ends the connection, where it is still one.
            http1(ECHO, head.replace("\r\n", line_end) + body + message())
            reached = server.reached()
            assert_genuine(reached, alice)
            # The inner request has no token, whoever takes it for one.
            assert len(reached) <= (1 if credentials and path == "/mcp" else 0), reached


@pytest.mark.parametrize("size", [8000, 31000, 33000, 40000, 1_100_000])
def test_size_makes_nobody_somebody_else(server, alice, token, size):
    credentials = f"Authorization: Bearer {token('echo')}\r\n"
    big, many = f"X-Big: {'a' * size}\r\n", "".join(f"X-H{n}: v\r\n" for n in range(size // 50))
    repeated = f"X-User-Id: {FORGED}\r\n" * (size // 50)
    for lines in (big, many, repeated):
        http1(ECHO, message(headers=lines + FORGERY))
        http1(ECHO, message(f"/mcp?{'a' * size}", headers=FORGERY))
        http1(ECHO, message(headers=f"Authorization: Bearer {'a' * size}\r\n{FORGERY}"))
        assert server.reached() == []
        http1(ECHO, message(headers=lines + credentials + FORGERY))
        http1(ECHO, message(headers=credentials + lines + FORGERY))
        assert_genuine(server.reached(), alice)


def fields(path="/mcp", authority=ECHO, method="GET", scheme="https"):
    """The pseudo-header fields of a request (RFC 9113 section 8.3.1)."""
    return [(":method", method), (":scheme", scheme), (":authority", authority), (":path", path)]


FORGED_FIELDS = [(name, FORGED) for name in IDENTITY]
# What is asked, and with which body.
ODDITIES = {
    "another host": (fields() + [("host", AUTH)], b""),
    "another authority": (fields(authority=AUTH) + [("host", ECHO)], b""),
    "no authority": ([(":method", "GET"), (":scheme", "https"), (":path", "/mcp"), ("host", ECHO)], b""),
    "two authorities": (fields() + [(":authority", AUTH)], b""),
    "upper-case authority": (fields(authority=ECHO.upper()), b""),
    "authority with a dot": (fields(authority=f"{ECHO}."), b""),
    "authority with a person": (fields(authority=f"x@{ECHO}"), b""),
    "two paths": (fields("/.well-known/x") + [(":path", "/mcp")], b""),
    "two paths, the other way": (fields() + [(":path", "/.well-known/x")], b""),
    "two methods": (fields() + [(":method", "OPTIONS")], b""),
    "a path that climbs": (fields("/.well-known/../mcp"), b""),
    "a path that climbs, encoded": (fields("/.well-known/..%2fmcp"), b""),
    "an absolute path": (fields(f"https://{ECHO}/mcp"), b""),
    "a path without a slash": (fields("mcp"), b""),
    "a path with a line end": (fields(f"/mcp HTTP/1.1\r\nx-user-id: {FORGED}\r\nx: "), b""),
    "a method with a line end": (fields(method=f"GET /mcp HTTP/1.1\r\nx-user-id: {FORGED}\r\nx: "), b""),
    "a method that is lower-case": (fields(method="get"), b""),
    "another scheme": (fields(scheme="http"), b""),
    "a strange scheme": (fields(scheme=f"https://{AUTH}/?"), b""),
    "connect": ([(":method", "CONNECT"), (":authority", f"{ECHO}:443")], b""),
    "extended connect": ([*fields(method="CONNECT"), (":protocol", "websocket")], b""),
    "an unknown pseudo-header": (fields() + [(":x-user-id", FORGED)], b""),
    "a pseudo-header at the end": ([fields()[0], ("x-a", "b"), *fields()[1:]], b""),
    "connection": (fields() + [("connection", "x-user-id, authorization")], b""),
    "connection, of the edge's headers": (fields() + [("connection", "x-forwarded-host, x-forwarded-uri")], b""),
    "keep-alive": (fields() + [("keep-alive", "1"), ("proxy-connection", "x")], b""),
    "upgrade": (fields() + [("upgrade", "h2c")], b""),
    "transfer-encoding": (fields(method="POST") + [("transfer-encoding", "chunked")], INNER.encode()),
    "te": (fields() + [("te", "trailers, chunked")], b""),
    "upper-case names": (fields() + [("X-User-Id", FORGED)], b""),
    "a line end in a value": (fields() + [("x-a", f"b\r\nX-User-Id: {FORGED}")], b""),
    "a line feed in a value": (fields() + [("x-a", f"b\nX-User-Id: {FORGED}")], b""),
    "a NUL in a value": (fields() + [("x-a", "b\0c")], b""),
    "a line end in a name": (fields() + [(f"x-a: b\r\nX-User-Id: {FORGED}\r\nx-c", "d")], b""),
    "a colon in a name": (fields() + [("x-user-id: a", FORGED)], b""),
    "a space in a name": (fields() + [("x-user-id ", FORGED)], b""),
    "an empty name": (fields() + [("", FORGED)], b""),
    "an alias": (fields() + [("x_user_id", FORGED)], b""),
    "a small length": (fields(method="POST") + [("content-length", "3")], INNER.encode()),
    "a large length": (fields(method="POST") + [("content-length", "3000")], INNER.encode()),
    "two lengths": (fields(method="POST") + [("content-length", "0"), ("content-length", "9")], INNER.encode()),
    "a length that is none": (fields(method="POST") + [("content-length", "x")], INNER.encode()),
    "many headers": (fields() + [(f"x-{n}", "a" * 1000) for n in range(40)], b""),
    "cookie crumbs": (fields() + [("cookie", "a=1"), ("cookie", "b=2")], b""),
}


@pytest.mark.parametrize("name", ODDITIES)
def test_no_oddity_of_http_2_leads_anywhere(server, alice, token, name):
    odd, body = ODDITIES[name]
    credentials = [("authorization", f"Bearer {token('echo')}")]
    for sni in (ECHO, AUTH):
        http2(sni, odd + FORGED_FIELDS, body)
        assert server.reached() == []
        http2(sni, odd + credentials * 2 + FORGED_FIELDS, body)
        assert server.reached() == []
        http2(sni, odd + credentials + FORGED_FIELDS, body)
        assert_genuine(server.reached(), alice)


def test_an_ordinary_request_of_these_frames_reaches_the_server(server, alice, token):
    # Else the tests above would prove nothing.
    assert http2(ECHO, [*fields(), ("authorization", f"Bearer {token('echo')}")]).startswith("{")
    body = "a" * 40
    posted = [("authorization", f"Bearer {token('echo')}"), ("content-length", "40")]
    assert http2(ECHO, fields(method="POST") + posted, body.encode()).startswith("{")
    chunked = f"Authorization: Bearer {token('echo')}\r\n{CHUNKED}"
    assert http1(ECHO, message(method="POST", headers=chunked, body="3\r\nabc\r\n0\r\n\r\n")).startswith("HTTP/1.1 200")
    reached = server.reached()
    assert [seen["method"] for seen in reached] == ["GET", "POST", "POST"]
    assert_genuine(reached, alice)
