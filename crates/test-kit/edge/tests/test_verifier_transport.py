"""How Traefik asks the verifier: over HTTP/2, and only the one that the internal
CA vouches for."""

import concurrent.futures
import os
import re
import threading
import time

import pytest

from client import at_once, bearer, mcp_url, request, wait_for_status
from figures import answered, connections

CA = "/keys/ca-certificate/ca.crt"


def handshake(stack, *options):
    """What OpenSSL finds, where Traefik would connect to the verifier."""
    verify = stack.addresses["forward-auth"]["verify"]
    trusted = stack.specs["traefik"]["mounts"]["/keys/ca-certificate"]
    return stack.from_network_of(
        "traefik",
        *["openssl", "s_client", "-connect", f"{verify}:8443", "-CAfile", f"{trusted}/ca.crt"],
        *["-servername", "forward-auth", "-verify_hostname", "forward-auth", "-verify_return_error", *options],
    )


def certificate(stack):
    """The verifier's certificate, where Traefik would believe it; else None."""
    found = handshake(stack)
    block = re.search("-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----", found.stdout, re.S)
    return block[0] if found.returncode == 0 else None


def wait_for_certificate(stack, wanted, seconds=20):
    """Asks until a certificate is as wanted."""
    deadline = time.monotonic() + seconds
    while not wanted(found := certificate(stack)) and time.monotonic() < deadline:
        time.sleep(0.2)
    return found


def test_the_verifier_is_asked_over_http2_on_few_connections(stack, token):
    url, headers = mcp_url("echo"), bearer(token("echo"))
    assert request("GET", url, headers).status == 200
    before = {protocol: connections(stack, protocol) for protocol in ("h2", "http/1.1", "none")}
    asked = answered(stack, "forward-auth", "2xx")
    assert {answer.status for answer in at_once(lambda: request("GET", url, headers))} == {200}
    assert answered(stack, "forward-auth", "2xx") - asked >= 300
    after = {protocol: connections(stack, protocol) for protocol in before}
    assert before["h2"] > 0 and after["h2"] - before["h2"] <= 4
    assert (after["http/1.1"], after["none"]) == (before["http/1.1"], before["none"])


def test_the_verifier_speaks_tls_13_alone_for_its_own_name(stack):
    assert "TLSv1.3" in handshake(stack).stdout
    assert handshake(stack, "-tls1_2").returncode != 0
    assert handshake(stack, "-verify_hostname", "auth-service").returncode != 0


@pytest.mark.parametrize(
    ("container", "path", "seen"),
    [
        ("traefik", CA, True),
        ("traefik", "/keys/ca", False),
        ("traefik", "/keys/tls", False),
        ("forward-auth", "/keys/tls/tls.key", True),
        ("forward-auth", "/keys/ca", False),
        ("key-keeper", "/keys/ca/ca.pem", True),
    ],
)
def test_each_container_sees_only_its_part_of_the_ca(stack, container, path, seen):
    assert (stack.enter(container, "cat", path).returncode == 0) == seen


@pytest.mark.parametrize(
    ("container", "directory"), [("traefik", "/keys/ca-certificate"), ("forward-auth", "/keys/tls")]
)
def test_who_reads_a_certificate_cannot_write_it(stack, container, directory):
    attempt = stack.enter(container, "touch", f"{directory}/mine")
    assert attempt.returncode != 0 and "Read-only" in attempt.stderr
    assert not os.path.exists(f"{stack.specs[container]['mounts'][directory]}/mine")


def test_a_renewed_certificate_is_served_and_believed_without_a_refused_request(stack, token):
    url, headers, done = mcp_url("echo"), bearer(token("echo")), threading.Event()
    first = certificate(stack)

    def ask():
        statuses = set()
        while not done.is_set():
            statuses.add(request("GET", url, headers).status)
        return statuses

    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        asking = [pool.submit(ask) for _ in range(8)]
        try:
            stack.run_once("gateway", "keys", "rotate", "--only", "https")
            second = wait_for_certificate(stack, lambda found: found not in (None, first))
        finally:
            done.set()
        assert [statuses.result() for statuses in asking] == [{200}] * 8
    assert first and second and second != first
    # So far Traefik has kept its connection; now it must make one.
    before = connections(stack, "none")
    stack.stop("forward-auth")
    stack.start("forward-auth")
    assert wait_for_status(url, headers, 200).status == 200
    assert connections(stack, "h2") > 0 and connections(stack, "none") <= before
