"""Each command of docs/runbooks, as the recipe has it, run in the deployment's own container."""

import json
import os
import re
import subprocess
from pathlib import Path

import pytest

from client import register, sign_in
from test_lines_seen_inside import github

ROOT = Path(__file__).parents[4]
BLOCK = re.compile(r"^ *```console\n(.*?)^ *```$", re.MULTILINE | re.DOTALL)
# What stands before the command's own words in a recipe that uses the container.
CONTAINER = ["--profile", "tools", "run", "--rm", "gateway"]


def commands(page):
    """The command lines of a page's console blocks, in their order."""
    lines = [line.strip() for block in BLOCK.findall(page.read_text("utf-8")) for line in block.splitlines()]
    assert lines and all(line.startswith("$ ") for line in lines), page
    return [line.removeprefix("$ ").split() for line in lines]


def words(command, tmp_path):
    """What a recipe hands to the `gateway` executable."""
    shim = tmp_path / "said"
    shim.write_text('#!/usr/bin/env python3\nimport json, sys\nprint(json.dumps(sys.argv[1:]))\n')
    shim.chmod(0o755)
    just, *recipe = command
    assert just == "just"
    environment = {**os.environ, "OPERATOR_COMMAND": str(shim)}
    said = subprocess.run(
        [ROOT / ".venv/bin/just", "--set", "compose", str(shim), *recipe],
        cwd=ROOT, env=environment, capture_output=True, text=True, check=True,
    )
    spoken = json.loads(said.stdout)
    return spoken[len(CONTAINER):] if spoken[: len(CONTAINER)] == CONTAINER else spoken


@pytest.fixture
def stand_ins():
    """Who stands for the names in the commands: a client and a person of this test's own."""
    with github(login="bob", id=1002):
        tokens = sign_in("echo", register(name="Of a runbook"))
    return {"CLIENT_ID": tokens["client_id"], "LOGIN": "bob", "SERVICE": "echo"}


PAGES = sorted(path for path in (ROOT / "docs/runbooks").glob("*.md") if path.name != "README.md")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_every_command_of_a_runbook_does_what_it_says(stack, stand_ins, tmp_path, page):
    for command in commands(page):
        command = [stand_ins.get(word, word) for word in command]
        # A command that fails ends this with its output.
        stack.run_once("gateway", *words(command, tmp_path))


def test_every_runbook_is_in_the_list():
    listed = (ROOT / "docs/runbooks/README.md").read_text("utf-8")
    assert PAGES and all(f"({page.name})" in listed for page in PAGES)
