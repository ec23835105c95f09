"""No router reaches an MCP server without asking the verifier."""

import contextlib
import json
import os

import audit
from client import wait_for

SERVICES = os.environ["MCP_SERVICES"].split(",")


def test_every_router_asks_the_verifier_or_is_meant_to_be_public(stack):
    assert audit.complaints(stack, SERVICES) == []


def test_the_audit_finds_a_server_whose_label_was_forgotten(stack):
    with without_labels(stack, "fetch-service", "traefik.http.routers.fetch.middlewares"):
        found = wait_for(lambda: audit.complaints(stack, SERVICES))
        assert len(found) == 1 and found[0].startswith("fetch@docker is reachable without the verifier")
    assert wait_for(lambda: audit.complaints(stack, SERVICES) == [])


def test_a_server_without_a_rule_of_its_own_matches_nothing(stack):
    with without_labels(stack, "echo", "traefik.http.routers."):
        made_up = wait_for(
            lambda: [r for r in audit.ask(stack, "routers") if r["name"].startswith("echo-mcp")]
        )
        assert [router["rule"] for router in made_up] == ["!PathPrefix(`/`)"]
    assert wait_for(lambda: audit.complaints(stack, SERVICES) == [])


@contextlib.contextmanager
def without_labels(stack, service, prefix):
    """A container that was started without some of its labels."""
    path = f"{stack.work}/containers.json"
    with open(path, encoding="utf-8") as file:
        before = file.read()
    described = json.loads(before)
    labels = described["services"][service]["labels"]
    described["services"][service]["labels"] = {k: v for k, v in labels.items() if not k.startswith(prefix)}
    try:
        write(path, json.dumps(described))
        yield
    finally:
        write(path, before)


def write(path, text):
    """In one step, as the reader polls."""
    with open(f"{path}.new", "w", encoding="utf-8") as file:
        file.write(text)
    os.replace(f"{path}.new", path)
