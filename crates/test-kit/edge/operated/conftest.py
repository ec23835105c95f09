"""The deployment and its operator, who says what the documents say."""

import contextlib
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

EDGE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path[:0] = [EDGE, os.path.join(EDGE, "tests")]

from client import ISSUER, bearer, mcp_url, request, wait_for  # noqa: E402
from stack import Stack  # noqa: E402

SERVICES = os.environ["MCP_SERVICES"].split(",")
DIRECTORY = Path(os.environ["DEPLOYMENT"])
BLOCK = re.compile(r"^ *```console\n(.*?)^ *```$", re.MULTILINE | re.DOTALL)
# What a shell of the operator's has. Nothing of .env: that would go before the file.
KEPT = re.compile(r"EDGE_\w+|SSL_CERT_FILE|CURL_CA_BUNDLE|TERM")
# How often Traefik is started again while the authority asks it too early.
STARTS = 4


class Operator:
    """Sits before a shell, in the directory of the deployment."""

    def __init__(self, stack):
        self.stack = stack
        self.environment = {name: value for name, value in os.environ.items() if KEPT.fullmatch(name)}
        self.environment["PATH"] = f"{DIRECTORY.parent}/bin:{os.environ['PATH']}"
        self.environment["HOME"] = str(DIRECTORY.parent)
        self.env_file = (DIRECTORY / ".env").read_text("utf-8")

    def says(self, line, code=0, directory=DIRECTORY):
        """Runs a command as it is written; answers what it prints."""
        run = subprocess.run(
            ["bash", "-o", "pipefail", "-c", line],
            cwd=directory,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            timeout=300,
        )
        self.stack.read()
        said = run.stdout + run.stderr
        assert run.returncode == code, f"`{line}` ended with {run.returncode}: {said}"
        return said

    def newest_backup(self):
        """Its name."""
        said = self.says("just oauth-backup-list --json 2>/dev/null").splitlines()
        return os.path.basename([json.loads(line) for line in said if line.startswith("{")][-1]["file"])

    def loses_the_machine(self):
        """Everything stops, and no volume and no file of the deployment is left."""
        self.says("just down")
        for volume in os.listdir(f"{self.stack.work}/volumes"):
            self.says(f"docker volume rm mcp-oauth-gateway_{volume}")
        shutil.rmtree(DIRECTORY)

    def starts_the_single_process(self, data):
        """Once, so that its directory is there."""
        command = ["gateway", "--port", "8099", "--data-dir", str(data)]
        home = self.environment["HOME"]
        with subprocess.Popen(command, cwd=home, env=self.environment, stdout=subprocess.DEVNULL) as process:
            assert wait_for(lambda: answer("http://localhost:8099/ready") == 200)
            process.terminate()

    def waits_for_order(self):
        """Until the deployment works. The authority of the test asks in the same moment, which can
        be before Traefik has its routes. Traefik asks it again at its next start alone, where the
        same may happen: on a busy machine it was seen twice in a row."""
        for _ in range(STARTS):
            if wait_for(in_order, seconds=30):
                return
            said = error_of_acme(self.stack, "acme: error")
            assert said, f"the deployment does not come up: {answers()}"
            self.says("docker compose restart traefik")
        assert wait_for(in_order, seconds=30), f"the deployment does not come up: {answers()} {said}"

    def sets(self, **settings):
        """Writes settings into .env, in an editor."""
        path = DIRECTORY / ".env"
        text = path.read_text("utf-8")
        for name, value in settings.items():
            line = f"{name}={value}"
            text, found = re.subn(rf"^{name}=.*$", lambda _, line=line: line, text, flags=re.MULTILINE)
            text += "" if found else f"{line}\n"
        path.write_text(text, "utf-8")


def answer(url, headers=None):
    """The status of an answer; None where there is none, or the certificate is bad."""
    with contextlib.suppress(OSError):
        return request("GET", url, headers).status
    return None


def answers():
    """What a client that verifies is answered by each host."""
    return {url: answer(url) for url in (f"{ISSUER}/", *map(mcp_url, SERVICES))}


def in_order():
    """Whether each host answers, and the verifier is asked."""
    return list(answers().values()) == [200] + len(SERVICES) * [401]


def error_of_acme(stack, words):
    """The lines in which Traefik wrote this error."""
    lines = stack.log("traefik").splitlines()
    return [line for line in lines if '"level":"error"' in line and words in line]


def status(tokens, expected):
    """What a service says to an access token, once it says what is expected."""
    ask = lambda: answer(mcp_url("echo"), bearer(tokens["access_token"]))
    wait_for(lambda: ask() == expected, seconds=30)
    return ask()


def commands(page):
    """The command lines of a page's console blocks, in their order. A line without `$` is what
    the command before it prints."""
    text = (DIRECTORY / "docs" / page).read_text("utf-8").replace("\\\n", " ")
    lines = [line.strip() for block in BLOCK.findall(text) for line in block.splitlines()]
    return [re.sub(" +", " ", line.removeprefix("$ ")) for line in lines if line.startswith("$ ")]


class Page:
    """A page whose commands are carried out one after the other."""

    def __init__(self, operator, path, **names):
        self.operator, self.path, self.left, self.names = operator, path, commands(path), names
        assert self.left, f"{path} has no command"

    def does(self, beginning, code=0, directory=DIRECTORY):
        """The page's next command, which begins so."""
        line = self.left.pop(0)
        assert line.startswith(beginning), f"{self.path}: next is `{line}`, not `{beginning}`"
        for name, value in self.names.items():
            line = re.sub(rf"\b{name}\b", lambda _, value=value: value, line)
        return self.operator.says(line, code, directory)

    def does_the_rest(self):
        """All commands that are left."""
        while self.left:
            self.does("")

    def ended(self):
        """Whether every command was carried out."""
        return not self.left


@pytest.fixture(scope="session")
def operator():
    """The operator of the stack that runs."""
    return Operator(Stack.current())


@pytest.fixture(autouse=True)
def a_good_day(operator):
    """Each test begins with a deployment that works."""
    operator.waits_for_order()


@pytest.fixture
def page(operator):
    """Opens a page; at the test's end each of its commands must have been carried out."""
    opened = []

    def open_page(path, **names):
        opened.append(Page(operator, path, **names))
        return opened[-1]

    yield open_page
    assert all(one.ended() for one in opened), [(one.path, one.left) for one in opened]


@pytest.fixture
def backup_key(operator):
    """The operator has a key for backups, `backup.key`: answers its public half, which is in
    `.env`."""
    operator.says("rm -f backup.key")
    public = operator.says("gateway backup keygen backup.key 2>/dev/null").strip()
    operator.sets(BACKUP_RECIPIENTS=public)
    return public
