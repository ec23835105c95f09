"""docs/runbooks/certificates.md: each trouble is planted, told by the doctor, and mended by the
page's own commands."""

import base64
import json
import shutil
import subprocess
from pathlib import Path

import pytest

from client import mcp_url, request, wait_for

from conftest import answer, error_of_acme, in_order

HOST = "auth.gw.test"
NAMES = "http://127.0.0.1:8055"


def openssl(*arguments):
    """Runs openssl."""
    subprocess.run(["openssl", *arguments], check=True, capture_output=True)


def certificate(directory, host, authority, days):
    """A certificate for a host by an authority of the test, that ends in so many days; and its key."""
    key, wish, made = (f"{directory}/{host}.{ending}" for ending in ("key", "csr", "pem"))
    subject = ["-subj", f"/CN={host}", "-addext", f"subjectAltName=DNS:{host}"]
    kind = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
    openssl("req", *kind, "-keyout", key, "-out", wish, *subject)
    signer = ["-CA", f"{authority}.pem", "-CAkey", f"{authority}-key.pem", "-CAcreateserial"]
    openssl("x509", "-req", "-in", wish, *signer, "-days", str(days), "-copy_extensions", "copy", "-out", made)
    return Path(made), Path(key)


class Edge:
    """What Traefik keeps, and what others see of it."""

    def __init__(self, stack):
        self.stack, self.volumes = stack, Path(stack.work) / "volumes"
        self.kept = self.volumes / "certificates/acme.json"

    def starts_with(self, host, pair):
        """Traefik is started, and this is the host's certificate that it kept."""
        self.stack.stop("traefik")
        everything = json.loads(self.kept.read_text("utf-8"))
        (own,) = [c for c in everything["letsencrypt"]["Certificates"] if c["domain"]["main"] == host]
        own["certificate"], own["key"] = (base64.b64encode(path.read_bytes()).decode() for path in pair)
        self.kept.write_text(json.dumps(everything), "utf-8")
        self.stack.start("traefik")

    def restarts(self, *names):
        """These containers, one after the other."""
        for name in names:
            self.stack.stop(name)
            self.stack.start(name)


@pytest.fixture
def edge(operator):
    """The edge of the deployment; afterwards its names lead there again."""
    yield Edge(operator.stack)
    names("clear-a", host=f"{HOST}.")


def names(path, **what):
    """The name server that the authority asks is told otherwise."""
    assert request("POST", f"{NAMES}/{path}", body=json.dumps(what)).status == 200


def says(status):
    """Whether an MCP service comes to answer so."""
    return wait_for(lambda: answer(mcp_url("echo")) == status, seconds=30)


def test_the_edges_certificates(edge, page, tmp_path):
    book = page("runbooks/certificates.md")
    work = Path(edge.stack.work)

    # Nobody renewed it, since the name leads elsewhere, and others may read the file.
    with open(work / "root.pem", "a", encoding="utf-8") as trusted:
        trusted.write((work / "web-authority.pem").read_text("utf-8"))
    names("add-a", host=f"{HOST}.", addresses=["9.9.1.20"])
    ended = certificate(tmp_path, HOST, work / "web-authority", -1)
    edge.starts_with(HOST, ended)
    # In one order of a hundred pebble takes for proven what was proven before.
    if wait_for(in_order, seconds=3):
        edge.starts_with(HOST, ended)
    assert "invalid peer certificate: Expired" in book.does("just oauth-doctor", code=1)
    assert wait_for(lambda: error_of_acme(edge.stack, "acme: error"), seconds=60)
    names("clear-a", host=f"{HOST}.")
    edge.kept.chmod(0o644)
    edge.restarts("traefik")
    said = book.does("docker compose logs")
    assert "too open, please use 600" in said and "urn:ietf:params:acme:error:unauthorized" in said, said
    assert not in_order(), "without its file Traefik has no certificate"
    book.does("docker run")
    book.does("docker compose restart")
    book.operator.waits_for_order()
    book.does("just oauth-doctor")

    # Of an authority that nobody trusts.
    edge.starts_with(HOST, certificate(tmp_path, HOST, work / "stranger", 60))
    assert wait_for(lambda: "UnknownIssuer" in book.operator.says("just oauth-doctor --only certificate", 1))
    book.does("just down")
    book.does("docker volume rm")
    book.does("just up")
    book.operator.waits_for_order()

    # The verifier's, which nobody renewed.
    for name in ("ca.pem", "ca-key.pem"):
        shutil.copy(edge.volumes / "internal-ca/ca.pem", tmp_path / name)
    edge.stack.stop("key-keeper")
    for path in certificate(tmp_path, "forward-auth", tmp_path / "ca", -1):
        own = edge.volumes / "verifier-tls" / f"tls.{'crt' if path.suffix == '.pem' else 'key'}"
        own.write_bytes(path.read_bytes())
    edge.restarts("forward-auth", "traefik")
    assert says(500)
    said = book.operator.says("just oauth-doctor --only internal-ca", 1)
    assert "the verifier's certificate has ended" in said, said
    book.does("just rotate-keys")
    assert says(401)
    assert "key-keeper\texited" in book.does("just health")
    book.does("just up")
    assert "key-keeper\trunning" in book.operator.says("just health")

    # The CA, which cannot be read.
    (edge.volumes / "internal-ca/ca.pem").write_text("no longer a CA", "utf-8")
    said = book.operator.says("just oauth-doctor --only internal-ca", 1)
    assert "ca.pem is not usable" in said and "docker volume rm mcp-oauth-gateway_internal-ca" in said, said
    book.does("just down")
    book.does("docker volume rm")
    book.does("just up")
    book.operator.waits_for_order()

    # The CA, which was lost and made anew while Traefik ran.
    (edge.volumes / "internal-ca/ca.pem").unlink()
    book.operator.says("just up")
    edge.restarts("forward-auth")
    assert says(500)
    said = book.operator.says("just oauth-doctor --only challenge,internal-ca", 1)
    assert "500" in said and "ok    internal-ca" in said, said
    book.does("docker compose restart")
    book.operator.waits_for_order()
    book.does("just oauth-doctor")
