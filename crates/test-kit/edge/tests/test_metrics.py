"""The services' figures: told inside, and to nobody who comes by Traefik."""

import re
from pathlib import Path

import pytest

import audit
from client import DOMAIN, ISSUER, bearer, mcp_url, post_json, request
from figures import answered, figures

SERVICES = ["auth-service", "forward-auth", "fetch-service"]


@pytest.mark.parametrize("service", SERVICES)
def test_each_service_tells_its_figures_inside(stack, service):
    assert f'gateway_build_info{{program="{service}",version="' in figures(stack, service)


def test_answers_are_counted_by_the_class_of_their_status(stack, token):
    asks = {
        ("auth-service", "2xx"): lambda: request("GET", f"{ISSUER}/jwks"),
        ("auth-service", "4xx"): lambda: request("GET", f"{ISSUER}/nothing-here"),
        ("forward-auth", "2xx"): lambda: request("GET", mcp_url("echo"), bearer(token("echo"))),
        ("forward-auth", "4xx"): lambda: request("GET", mcp_url("echo")),
        ("fetch-service", "4xx"): lambda: request("GET", mcp_url("fetch"), bearer(token("fetch"))),
    }
    for (service, status), ask in asks.items():
        before = answered(stack, service, status)
        assert {ask().status // 100 for _ in range(5)} == {int(status[0])}
        # The container's health check may come in between.
        assert answered(stack, service, status) - before in (5, 6), (service, status)


@pytest.mark.parametrize("host", ["auth", "fetch", "echo", "everything"])
def test_no_way_through_the_edge_leads_to_the_figures(token, host):
    headers = bearer(token("fetch"))
    for url in (f"https://{host}.{DOMAIN}/metrics", f"https://{host}.{DOMAIN}/mcp/metrics"):
        for answer in (request("GET", url), request("GET", url, headers)):
            assert answer.status in (401, 404) and "gateway_" not in answer.body, url


def test_no_service_of_traefiks_is_the_internal_listener(stack):
    servers = [
        server["url"]
        for service in audit.ask(stack, "services")
        for server in service.get("loadBalancer", {}).get("servers", [])
    ]
    assert len(servers) >= len(SERVICES)
    assert not [url for url in servers if url.endswith(":9090")]


@pytest.mark.parametrize("service", SERVICES)
def test_the_listener_that_traefik_knows_does_not_tell_them(stack, service):
    port = "http://127.0.0.1:8000/metrics"
    result = stack.from_network_of(service, "curl", "-s", "-o", "/dev/null", "-w", "%{http_code}", port)
    assert result.stdout == "404"


def test_the_services_tell_what_is_described_and_nothing_else(stack, token):
    assert request("GET", mcp_url("echo"), bearer(token("echo"))).status == 200
    call_fetch(token)
    page = Path(__file__).parents[4].joinpath("docs", "metrics.md").read_text("utf-8")
    described = dict(re.findall(r"^\| `((?:gateway|process)_\w+)` \| (\w+) \|", page, re.MULTILINE))
    told = {}
    for service in SERVICES:
        told |= dict(re.findall(r"^# TYPE (\S+) (\S+)$", figures(stack, service), re.MULTILINE))
    assert told == described


def call_fetch(token):
    """A call of the fetch tool that the guard refuses."""
    headers = {**bearer(token("fetch")), "Accept": "application/json, text/event-stream"}
    call = {"name": "fetch", "arguments": {"url": "http://127.0.0.1/"}}
    message = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": call}
    assert post_json(mcp_url("fetch"), message, headers).status == 200


def test_calls_of_the_fetch_tool_are_counted_by_how_they_ended(stack, token):
    def refused():
        found = re.search(r'^gateway_fetch_calls_total{outcome="refused"} (\d+)$', figures(stack, "fetch-service"), re.M)
        return int(found[1]) if found else 0

    before = refused()
    call_fetch(token)
    assert refused() == before + 1


def test_events_are_counted_by_what_they_are(stack, token):
    token("echo")
    issued = 'gateway_events_total{event="token_issued",reason="",step=""} '
    assert issued in figures(stack, "auth-service")
