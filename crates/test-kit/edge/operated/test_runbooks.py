"""Each command of docs/runbooks, as it is written: the day goes bad, and the page mends it."""

import re
from pathlib import Path

from client import refresh, register, sign_in
from conftest import DIRECTORY, status
from test_lines_seen_inside import github


def of_bob():
    """A client and a person of a test's own, signed in with a service."""
    with github(login="bob", id=1002):
        return sign_in("echo", register(name="Of a runbook"))


def test_a_client_is_compromised(page):
    tokens = of_bob()
    assert status(tokens, 200) == 200
    book = page("runbooks/client-compromised.md", CLIENT_ID=tokens["client_id"])
    assert "bob" in book.does("just oauth-sessions")
    assert "would end" in book.does("just oauth-delete-client-complete")
    book.does("just oauth-delete-client-complete")
    assert "0 access tokens" in book.does("just oauth-list-tokens")
    assert status(tokens, 401) == 401 and refresh(tokens).status in (400, 401)


def test_a_person_leaves(page, operator):
    tokens = of_bob()
    operator.sets(ALLOWED_GITHUB_USERS="alice")
    operator.says("just up")
    assert status(tokens, 401) == 401
    book = page("runbooks/person-leaves.md", LOGIN="bob", SERVICE="echo")
    book.does("just reload")
    assert "echo" in book.does("just oauth-sessions")
    assert "would end" in book.does("just oauth-revoke-user")
    book.does("just oauth-revoke-user")
    assert book.does("just oauth-explain").startswith("no")
    operator.sets(ALLOWED_GITHUB_USERS="alice,bob")
    operator.says("just up")
    assert status(tokens, 401) == 401 and refresh(tokens).status == 400


def test_redis_is_lost(page, operator):
    tokens = of_bob()
    operator.says("just down && docker volume rm mcp-oauth-gateway_redis-data && just up")
    operator.waits_for_order()
    assert status(tokens, 401) == 401 and refresh(tokens).status in (400, 401)
    book = page("runbooks/redis-lost.md")
    assert re.search(r"registered clients +0", book.does("just oauth-stats"))
    of_bob()
    assert "1 registered client" in book.does("just oauth-list-registrations")
    assert "1 session" in book.does("just oauth-sessions")


def test_github_is_down(page):
    tokens = of_bob()
    book = page("runbooks/github-down.md", SERVICE="echo")
    with github(down=True):
        assert status(tokens, 200) == 200
        book.does("just oauth-stats")
        token = book.does("just oauth-mint").splitlines()[0]
        assert status({"access_token": token}, 200) == 200
        book.does("just oauth-revoke-client-tokens")
        assert status({"access_token": token}, 401) == 401


def test_every_runbook_is_in_the_list_and_has_a_test():
    pages = [path for path in (DIRECTORY / "docs/runbooks").glob("*.md") if path.name != "README.md"]
    listed = (DIRECTORY / "docs/runbooks/README.md").read_text("utf-8")
    tests = "".join(path.read_text("utf-8") for path in Path(__file__).parent.glob("test_*.py"))
    for path in pages:
        assert f"({path.name})" in listed and f'page("runbooks/{path.name}"' in tests, path.name
