"""A whole story, and then the search for what it used: no secret of it and nothing
personal is in any log of any process, nor in the audit trail."""

import glob
import json
import os
import re
import secrets
import socket
import time
from urllib.parse import parse_qsl, quote, urlencode, urlsplit

from client import (
    ISSUER,
    Browser,
    ask_for_token,
    authorization_request,
    bearer,
    mcp_url,
    patiently,
    pkce,
    post_form,
    post_json,
    refresh,
    request,
    wait_for,
)
from test_lines_seen_inside import github
from test_operator import objects, operate

REDIRECT_URI = "https://story.test/callback"
MCP_HEADERS = {"Content-Type": "application/json", "Accept": "application/json, text/event-stream"}
# In a URL that the browser was sent to, what proves nothing and is in no way secret.
PUBLIC = {"response_type", "client_id", "redirect_uri", "code_challenge_method", "resource", "iss", "error"}
PUBLIC |= {"error_description", "scope", "allow_signup"}


class Story:
    """What the story used, by what it is."""

    def __init__(self):
        self.used = {}

    def uses(self, what, value):
        """Remembers something that must be nowhere."""
        assert value and len(value) >= 6, (what, value)
        self.used[f"{what} {len(self.used)}"] = value
        return value

    def visits(self, url):
        """What a URL carries in its query."""
        for name, value in parse_qsl(urlsplit(url).query):
            if name not in PUBLIC:
                self.uses(name, value)


class WatchedBrowser(Browser):
    """A browser whose URLs, forms and cookies are remembered."""

    def __init__(self, story):
        super().__init__()
        self.story = story

    def go(self, method, url, fields=None):
        """One step."""
        self.story.visits(url)
        answer = super().go(method, url, fields)
        for location in answer.all("Location"):
            self.story.visits(location)
        for cookies in self.cookies.values():
            for value in filter(None, cookies.values()):
                if value not in self.story.used.values():
                    self.story.uses("cookie", value)
        return answer


def sign_in(story, client_id, decision="approve"):
    """The person's part; answers where it ended, and the fields of the token request."""
    verifier, challenge = pkce()
    query = authorization_request(client_id, REDIRECT_URI, challenge, "echo")
    story.uses("verifier", verifier)
    browser = WatchedBrowser(story)
    page = browser.go("GET", f"{ISSUER}/authorize?{urlencode(query)}")
    ticket = re.search(r'<input[^>]*name="request"[^>]*value="([^"]*)"', page.body)[1]
    story.uses("consent form", ticket)
    answer = browser.go("POST", f"{ISSUER}/consent", {"request": ticket, "decision": decision})
    end = browser.follow(answer.header("Location"), REDIRECT_URI)
    fields = {
        "grant_type": "authorization_code",
        "redirect_uri": REDIRECT_URI,
        "client_id": client_id,
        "code_verifier": verifier,
        "resource": mcp_url("echo"),
    }
    if isinstance(end, str):
        fields["code"] = dict(parse_qsl(urlsplit(end).query)).get("code")
    return end, fields


def registered(story):
    """A client that keeps a registration token."""
    document = {"client_name": "The story", "redirect_uris": [REDIRECT_URI]}
    document |= {"token_endpoint_auth_method": "none"}
    answer = patiently(lambda: post_json(f"{ISSUER}/register", document)).json()
    story.uses("registration token", answer["registration_access_token"])
    return answer["client_id"]


def tokens_of(story, answer, client_id):
    """What a token response holds."""
    assert answer.status == 200, answer.body
    tokens = answer.json()
    for kind in ("access_token", "refresh_token"):
        story.uses(kind, tokens[kind])
    # The signature alone is as good as the whole.
    story.uses("signature", tokens["access_token"].rsplit(".", 1)[1])
    return tokens | {"client_id": client_id}


def a_good_end(story):
    """From discovery to revocation."""
    request("GET", f"{ISSUER}/.well-known/oauth-authorization-server")
    client_id = registered(story)
    _, fields = sign_in(story, client_id)
    tokens = tokens_of(story, ask_for_token(fields), client_id)
    seen = request("GET", f"{mcp_url('echo')}?secret={story.uses('query', secrets.token_urlsafe(12))}", bearer(tokens["access_token"]))
    assert seen.status == 200, seen.body
    headers = {name.lower(): value for name, value in seen.json()["headers"]}
    story.uses("assertion", headers["x-auth-assertion"])
    renewed = tokens_of(story, refresh(tokens), client_id)
    revocation = {"token": renewed["refresh_token"], "client_id": client_id}
    assert post_form(f"{ISSUER}/revoke", revocation).status == 200
    assert request("GET", mcp_url("echo"), bearer(renewed["access_token"])).status == 401
    # The code once more.
    assert ask_for_token(fields).status == 400


def failures(story):
    """Each in its own way."""
    client_id = registered(story)
    _, fields = sign_in(story, client_id)
    wrong = fields | {"code_verifier": story.uses("wrong verifier", secrets.token_urlsafe(48))}
    assert ask_for_token(wrong).status == 400
    end, _ = sign_in(story, client_id, "refuse")
    assert "access_denied" in end
    with github(login="mallory", id=666):
        page, _ = sign_in(story, client_id)
        assert page.status == 403, page.body
    forged = story.uses("forged token", f"eyJhbGciOiJSUzI1NiJ9.{secrets.token_urlsafe(40)}.{secrets.token_urlsafe(40)}")
    assert request("POST", mcp_url("echo"), bearer(forged), body="{}").status == 401
    unknown = {"client_id": "story-nobody", "state": story.uses("state", secrets.token_urlsafe(16))}
    assert request("GET", f"{ISSUER}/authorize?{urlencode(unknown)}").status == 400
    lost = story.uses("state", secrets.token_urlsafe(16))
    assert request("GET", f"{ISSUER}/callback?state={lost}&code={story.uses('code', secrets.token_urlsafe(16))}").status == 400
    guess = {"client_id": "operators-desk", "client_secret": story.uses("client secret", secrets.token_urlsafe(24))}
    assert post_form(f"{ISSUER}/token", guess | {"grant_type": "client_credentials"}).status in (400, 401)


def a_page_is_fetched(story):
    """With a query that is somebody's business."""
    client_id = registered(story)
    _, fields = sign_in(story, client_id)
    fields["resource"] = mcp_url("echo")
    tokens_of(story, ask_for_token(fields), client_id)
    verifier, challenge = pkce()
    query = authorization_request(client_id, REDIRECT_URI, challenge, "fetch")
    browser = WatchedBrowser(story)
    page = browser.go("GET", f"{ISSUER}/authorize?{urlencode(query)}")
    ticket = re.search(r'<input[^>]*name="request"[^>]*value="([^"]*)"', page.body)[1]
    answer = browser.go("POST", f"{ISSUER}/consent", {"request": ticket, "decision": "approve"})
    end = browser.follow(answer.header("Location"), REDIRECT_URI)
    fields |= {"code": dict(parse_qsl(urlsplit(end).query))["code"]}
    fields |= {"code_verifier": verifier, "resource": mcp_url("fetch")}
    tokens = tokens_of(story, ask_for_token(fields), client_id)
    secret = story.uses("fetched query", secrets.token_urlsafe(12))
    for url in (f"http://web.test/lighthouse.html?q={secret}", f"http://127.0.0.1/?q={secret}"):
        call = {"jsonrpc": "2.0", "id": 1, "method": "tools/call"}
        call |= {"params": {"name": "fetch", "arguments": {"url": url}}}
        headers = MCP_HEADERS | bearer(tokens["access_token"])
        answer = request("POST", mcp_url("fetch"), headers, json.dumps(call))
        assert answer.status == 200, answer.body


def own_address():
    """What Traefik sees of this test."""
    with socket.create_connection((urlsplit(ISSUER).netloc, 443)) as connection:
        return connection.getsockname()[0]


def logs(stack):
    """Every log of every process: its name, and what is in it."""
    for path in sorted(glob.glob(f"{stack.work}/*.log")):
        name = os.path.basename(path)
        # The identity provider is somebody else, and so are the page and the MCP server
        # that writes what it is asked.
        if name not in ("fake-github.log", "web-page.log", "documents.log", "echo.log"):
            with open(path, encoding="utf-8", errors="replace") as file:
                yield name, file.read()


def trail(stack):
    """The audit trail as it is in the store."""
    streams = ("oauth:audit", "oauth:audit:verifier")
    return "".join(stack.enter("redis", "redis-cli", "XRANGE", name, "-", "+").stdout for name in streams)


def test_a_whole_story_leaves_no_secret_and_nothing_personal_in_any_log(stack):
    before = {name: len(text) for name, text in logs(stack)}
    story = Story()
    story.used |= {"e-mail": "@example.org", "name": "Person alice", "other name": "Person mallory"}
    story.used |= {"login": "alice", "other login": "mallory", "address": own_address()}
    a_good_end(story)
    failures(story)
    a_page_is_fetched(story)
    # What the verifier denied is written within ten seconds, to its log first.
    of_verifier = before["forward-auth.log"]
    assert wait_for(lambda: "requests_denied" in stack.log("forward-auth")[of_verifier:], 30)
    time.sleep(2)
    events = ("login_step", "auth_failure", "code_replayed", "requests_denied", "story-nobody")
    assert wait_for(lambda: all(event in trail(stack) for event in events), 30)

    written = {name: text[before.get(name, 0) :] for name, text in logs(stack)}
    for program in ("traefik", "auth-service", "forward-auth", "fetch-service"):
        assert len(written[f"{program}.log"]) > 200, f"{program} has written nothing"
    written["the audit trail"] = trail(stack)
    configured = {name: os.environ[name] for name in os.environ if name.endswith(("_SECRET", "_PASSWORD"))}
    found = [
        f"{what} ({value[:12]}…) in {name}"
        for what, value in (story.used | configured).items()
        for name, text in written.items()
        for form in {value, quote(value, safe="")}
        if form in text
    ]
    assert found == []
    # The search finds what is there.
    assert "/callback" in written["traefik.log"]


def test_each_error_page_leads_to_its_login(stack):
    page = request("GET", f"{ISSUER}/authorize?client_id=trace-nobody")
    reference = re.search(r"Reference <code>([0-9A-Z-]{9})</code>", page.body)[1]

    def traced():
        try:
            return objects(stack, "trace", reference)
        except SystemExit:
            return None

    (attempt,) = wait_for(traced)
    assert (attempt["client_id"], attempt["error"]) == ("trace-nobody", "unknown_client")
    assert "not registered here" in attempt["cause"] and attempt["mend"]


def test_a_login_is_traced_from_discovery_to_its_first_call_and_its_use_is_listed(stack):
    story = Story()
    request("GET", f"{ISSUER}/.well-known/oauth-authorization-server")
    client_id = registered(story)
    _, fields = sign_in(story, client_id)
    tokens = tokens_of(story, ask_for_token(fields), client_id)
    assert request("GET", mcp_url("echo"), bearer(tokens["access_token"])).status == 200

    def done():
        attempts = objects(stack, "trace", "--since", "1h")
        return [one for one in attempts if one["client_id"] == client_id and one["done"]]

    attempt = wait_for(done, 20)[-1]
    assert [mark for _, mark in attempt["steps"]][2:] == ["came"] * 5, attempt
    listed = objects(stack, "tokens", "list", "--client", client_id)
    assert any(one["last_used"] for one in listed), listed
    sessions = objects(stack, "sessions", "list", "--client", client_id)
    assert any(one["last_used"] for one in sessions), sessions


def test_a_report_counts_what_was_refused_and_is_one_page(stack):
    page = request("GET", f"{ISSUER}/authorize?client_id=report-nobody")
    assert page.status == 400
    request("GET", mcp_url("echo"), bearer("not.a.token"))

    def counted():
        (report,) = objects(stack, "report", "--since", "1h")
        return report if "malformed" in report["denials"] and report["logins"] else None

    report = wait_for(counted, 20)
    assert sum(report["logins"]["failed"]) >= 1 and sum(report["denials"]["malformed"]) >= 1
    page = operate(stack, "report", "--since", "1h", "--html", "-")
    assert "<!doctype html>" in page and "<svg" in page and "<script" not in page
