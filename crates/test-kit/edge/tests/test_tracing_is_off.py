"""Without a setting Traefik makes no traces: what a client says of its own is handed on
as it came. (With one: crates/test-kit/edge/tracing.)"""

from client import bearer, mcp_url, request

PARENT = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"


def test_traefik_is_no_part_of_a_trace(token):
    answer = request("GET", mcp_url("echo"), {**bearer(token("echo")), "traceparent": PARENT})
    headers = {name.lower(): value for name, value in answer.json()["headers"]}
    assert headers["traceparent"] == PARENT
