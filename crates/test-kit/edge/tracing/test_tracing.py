"""One trace from Traefik to the verifier and to the MCP service, as a collector gets
it: with the right parents, and with nothing in it that is secret or somebody's."""

import json
import os
import secrets
import sys
from urllib.parse import quote

import pytest
import yaml

EDGE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path[:0] = [EDGE, os.path.join(EDGE, "tests")]

from client import ISSUER, bearer, mcp_url, post_form, post_json, request, sign_in, wait_for  # noqa: E402
from figures import figures  # noqa: E402
from stack import Stack  # noqa: E402
from test_no_traces import Story, a_good_end, a_page_is_fetched, failures, own_address  # noqa: E402

COLLECTOR = os.path.join(EDGE, "../../../deploy/observability/traces-collector.yml")
MCP_HEADERS = {"Content-Type": "application/json", "Accept": "application/json, text/event-stream"}


@pytest.fixture(scope="module")
def stack():
    """The stack that `edge/run` started."""
    return Stack.current()


def curl(stack):
    """The collector, asked for what it has."""
    return stack.from_network_of("traces", "curl", "-sS", "http://127.0.0.1:4318/spans")


def sent(stack):
    """All that the collector was sent."""
    result = curl(stack)
    assert result.returncode == 0, result.stderr
    return json.loads(result.stdout)


def spans(stack):
    """The same without what the collector takes out before anybody keeps it."""
    with open(COLLECTOR, encoding="utf-8") as file:
        actions = yaml.safe_load(file)["processors"]["attributes/people"]["actions"]
    dropped = {action["key"] for action in actions if action["action"] == "delete"}
    kept = sent(stack)
    for span in kept:
        span["attributes"] = {k: v for k, v in span["attributes"].items() if k not in dropped}
        span["service"] = span["resource"]["service.name"]
    return kept


class Trace:
    """A trace with a caller of its own."""

    def __init__(self, stack):
        self.stack, self.number, self.caller = stack, secrets.token_hex(16), secrets.token_hex(8)
        self.headers = {"traceparent": f"00-{self.number}-{self.caller}-01"}
        self.spans = {}

    def waits_for(self, *names):
        """Until these (service, name) are there, and every span that one of the spans is below."""

        def whole():
            self.spans = {s["span_id"]: s for s in spans(self.stack) if s["trace_id"] == self.number}
            found = {(s["service"], s["name"]) for s in self.spans.values()}
            parents = {s["parent_id"] for s in self.spans.values()}
            return found >= set(names) and parents <= self.spans.keys() | {self.caller}

        assert wait_for(whole), [(s["service"], s["name"], s["parent_id"]) for s in self.spans.values()]
        return self

    def one(self, name):
        """The only span of this (service, name)."""
        (found,) = [s for s in self.spans.values() if (s["service"], s["name"]) == name]
        return found

    def above(self, span):
        """What a span is below, from the nearest on."""
        while span["parent_id"] != self.caller:
            span = self.spans[span["parent_id"]]
            yield span


def call_tool(url, headers):
    """A call of the fetch tool."""
    call = {"name": "fetch", "arguments": {"url": url}}
    message = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": call}
    answer = post_json(mcp_url("fetch"), message, {**MCP_HEADERS, **headers})
    assert answer.status == 200, answer.body
    return answer


def fetch_token():
    """A token for the fetch service."""
    return sign_in("fetch")["access_token"]


VERIFY = ("forward-auth", "GET /verify/fetch")
MCP = ("fetch-service", "POST /mcp")
TOOL = ("fetch-service", "tools/call fetch")
STORE = ("forward-auth", "store step")


def test_one_call_is_one_trace_from_the_edge_to_the_tool(stack):
    token, trace = fetch_token(), Trace(stack)
    call_tool("http://127.0.0.1/", {**bearer(token), **trace.headers})
    trace.waits_for(VERIFY, MCP, TOOL, STORE)
    verify, mcp, tool = trace.one(VERIFY), trace.one(MCP), trace.one(TOOL)
    for ours in (verify, mcp):
        assert {span["service"] for span in trace.above(ours)} == {"traefik"}, ours
    # The call to the verifier is not the one to the service.
    assert verify["parent_id"] != mcp["parent_id"]
    assert tool["parent_id"] == mcp["span_id"]
    assert trace.one(STORE)["parent_id"] == verify["span_id"]
    assert verify["attributes"]["gateway.decision"] == "allow"
    assert tool["attributes"]["error.type"] == "refused"
    assert mcp["attributes"]["http.response.status_code"] == "200"


def test_an_mcp_server_of_the_operators_gets_the_trace(stack):
    token, trace = sign_in("echo")["access_token"], Trace(stack)
    answer = request("GET", mcp_url("echo"), {**bearer(token), **trace.headers})
    headers = {name.lower(): value for name, value in answer.json()["headers"]}
    _, number, span, kept = headers["traceparent"].split("-")
    assert (number, kept) == (trace.number, "01")
    trace.waits_for(("forward-auth", "GET /verify/echo"))
    assert trace.spans[span]["service"] == "traefik"


def test_a_denial_is_told_with_its_reason(stack):
    trace = Trace(stack)
    assert request("POST", mcp_url("fetch"), trace.headers).status == 401
    denied = trace.waits_for(VERIFY).one(VERIFY)["attributes"]
    assert (denied["gateway.decision"], denied["error.type"]) == ("deny", "no_token")


def test_a_failed_token_request_is_told_by_its_error(stack):
    trace, name = Trace(stack), ("auth-service", "POST /token")
    fields = {"grant_type": "authorization_code", "code": "made-up", "client_id": "nobody"}
    answer = post_form(f"{ISSUER}/token", fields, trace.headers)
    span = trace.waits_for(name).one(name)
    assert span["attributes"]["error.type"] == answer.json()["error"]


def test_a_sign_in_shows_what_was_waited_for(stack):
    fetch_token()

    def found():
        return {s["name"] for s in spans(stack) if s["service"] == "auth-service"}

    wanted = {"POST /register", "GET /authorize", "POST /consent", "GET /callback", "POST /token"}
    wanted |= {"store step", "GitHub token", "GitHub user"}
    assert wait_for(lambda: wanted <= found()), found()


@pytest.mark.parametrize(
    "parent",
    ["x" * 8000, "00-" + "0" * 32 + "-" + "0" * 16 + "-01", "00-' OR 1=1-zz-01", "ff-ab-cd-01"],
)
def test_a_made_up_context_harms_nobody(stack, parent):
    answer = request("POST", mcp_url("fetch"), {"traceparent": parent, "tracestate": "v=" + "y" * 8000})
    assert answer.status == 401
    assert "OR 1=1" not in json.dumps(spans(stack)) and "xxxx" not in json.dumps(spans(stack))


def test_a_callers_own_text_is_in_no_span_of_ours(stack):
    trace = Trace(stack)
    request("POST", mcp_url("fetch"), {**trace.headers, "tracestate": "vendor=own-words"})
    trace.waits_for(VERIFY)
    ours = [s for s in trace.spans.values() if s["service"] != "traefik"]
    assert ours and all(s["trace_state"] == "" for s in ours), ours


def test_a_whole_story_leaves_no_secret_and_nothing_personal_in_any_span(stack):
    story = Story()
    story.used |= {"e-mail": "@example.org", "own e-mail": os.environ["ACME_EMAIL"]}
    story.used |= {"name": "Person alice", "login": "alice", "other login": "mallory"}
    story.used |= {"number": "github|1001", "address": own_address()}
    a_good_end(story)
    failures(story)
    a_page_is_fetched(story)
    # What is sent after it comes after it.
    last = Trace(stack)
    request("POST", mcp_url("fetch"), last.headers)
    last.waits_for(VERIFY)
    kept = json.dumps(spans(stack))
    configured = {name: os.environ[name] for name in os.environ if name.endswith(("_SECRET", "_PASSWORD"))}
    found = [
        f"{what} ({value[:12]}…)"
        for what, value in (story.used | configured).items()
        if value in kept or quote(value, safe="") in kept
    ]
    assert found == []
    assert {span["service"] for span in spans(stack)} == {"traefik", "auth-service", "forward-auth", "fetch-service"}
    # The search finds what is there: what Traefik tells, and the collector takes out.
    assert own_address() in json.dumps(sent(stack))


def test_requests_are_answered_as_ever_while_the_collector_is_away(stack):
    token = fetch_token()
    stack.stop("traces")
    try:
        for _ in range(30):
            call_tool("http://127.0.0.1/", bearer(token))

        def lost():
            return 'gateway_spans_total{outcome="lost"} 0' not in figures(stack, "forward-auth")

        assert wait_for(lost)
    finally:
        stack.start("traces")
    assert wait_for(lambda: curl(stack).returncode == 0)
    trace = Trace(stack)
    call_tool("http://127.0.0.1/", {**bearer(token), **trace.headers})
    trace.waits_for(VERIFY, MCP)
