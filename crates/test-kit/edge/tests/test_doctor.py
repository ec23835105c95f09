"""The doctor finds nothing on the deployment as it is shipped, and each planted fault by exactly
the check that is for it."""

import contextlib
import json
import os

import pytest

from planted import (
    Patient,
    ending_certificate,
    endless_log,
    no_backup,
    no_key,
    old_backup,
    old_key,
    open_env_file,
    open_redis_port,
    published_redis,
    readable_key,
    redis_config,
    redis_without_password,
    setting,
    traefik,
    unguarded_label,
)
from test_routers import wait_for, write

# Built beside the services.
PROGRAM = os.path.join(os.environ.get("EDGE_BINARIES", "target/debug"), "gateway")
WEAK = "changeme-changeme-changeme-changeme"
EDGE, GATEWAY = "edge.yml", "gateway.yml"
PERMANENT = "--entrypoints.web.http.redirections.entrypoint.permanent"
REDIRECT = "--entrypoints.web.http.redirections.entrypoint.to"
OPEN_METRICS = """  routers:
    metrics:
      rule: Host(`auth.{{ $domain }}`) && Path(`/metrics`)
      priority: 300
      service: metrics
"""
OPEN_VERIFIER = """  routers:
    verifier:
      rule: Host(`auth.{{ $domain }}`) && PathPrefix(`/verify/`)
      priority: 300
      service: forward-auth
"""
METRICS_SERVICE = """  services:
    metrics:
      loadBalancer: {servers: [{url: "http://auth-service:9090"}]}
"""

# Planted, by exactly which check it is found, and how grave that is.
PLANTED = {
    "a setting that a service refuses": (lambda p: setting(p, CODE_LIFETIME="601"), "settings", "fail"),
    "a setting that the fetch service refuses": (lambda p: setting(p, FETCH_CACHE_MB="0"), "settings", "fail"),
    "a setting that the verifier refuses": (
        lambda p: setting(p, VERIFIER_CACHE_MB="plenty"),
        "settings",
        "fail",
    ),
    "an empty allow-list": (lambda p: setting(p, ALLOWED_GITHUB_USERS=""), "settings", "fail"),
    "a default root secret": (lambda p: setting(p, GATEWAY_JWT_SECRET=WEAK), "root-secret", "fail"),
    "a weak password of the verifier's": (
        lambda p: setting(p, REDIS_VERIFIER_PASSWORD="letmein-123"),
        "redis-password",
        "fail",
    ),
    "one password for both users of Redis": (
        lambda p: setting(p, REDIS_VERIFIER_PASSWORD=p.stack.specs["doctor"]["environment"]["REDIS_PASSWORD"]),
        "redis-password",
        "fail",
    ),
    "an app that GitHub does not know": (lambda p: setting(p, GITHUB_CLIENT_ID="nobody"), "github-app", "fail"),
    "a secret that is not the app's": (lambda p: setting(p, GITHUB_CLIENT_SECRET="other"), "github-app", "fail"),
    "everybody is let in": (lambda p: setting(p, ALLOWED_GITHUB_USERS="*"), "allow-list", "warn"),
    "access tokens of thirty days": (
        lambda p: setting(p, ACCESS_TOKEN_LIFETIME="2592000"),
        "lifetimes",
        "warn",
    ),
    "a private host that is opened": (lambda p: setting(p, EGRESS_ALLOW_HOSTS="10.0.0.1:80"), "egress", "warn"),
    "a .env that everybody reads": (open_env_file, "env-file", "fail"),
    "a key that was never replaced": (old_key, "signing-keys", "warn"),
    "another algorithm than the key's": (lambda p: setting(p, JWT_ALGORITHM="ES256"), "signing-keys", "warn"),
    "no key of assertions": (no_key, "assertion-keys", "fail"),
    "a key that others read": (readable_key, "key-files", "fail"),
    "a certificate that nobody renewed": (ending_certificate, "internal-ca", "warn"),
    "a Redis that cannot be asked": (
        lambda p: setting(p, REDIS_PASSWORD="b7d1a8f2635cb07d49e1f6a38c5290d4"),
        "redis",
        "fail",
    ),
    "a Redis without a password": (redis_without_password, "redis-open", "fail"),
    "a Redis that appends nothing": (lambda p: redis_config(p, "appendonly", "no"), "redis-persistence", "fail"),
    "a Redis without snapshots": (lambda p: redis_config(p, "save", ""), "redis-persistence", "warn"),
    "a Redis that evicts": (
        lambda p: redis_config(p, "maxmemory-policy", "allkeys-lru"),
        "redis-memory",
        "fail",
    ),
    "a published port of Redis": (published_redis, "redis-exposure", "fail"),
    "an answer at Redis's port": (open_redis_port, "redis-exposure", "fail"),
    "a label without its middleware": (unguarded_label, "routers", "fail"),
    "no backup": (no_backup, "backup", "warn"),
    "backups that stopped": (old_backup, "backup", "warn"),
    "a log without bound": (endless_log, "log-rotation", "warn"),
    "no certificate": (
        lambda p: traefik(p, {EDGE: [("sniStrict: true", "sniStrict: false")]}, certificates=False),
        "certificate",
        "fail",
    ),
    "TLS 1.0": (
        lambda p: traefik(
            p,
            {
                EDGE: [
                    ("minVersion: VersionTLS12", "minVersion: VersionTLS10"),
                    ("cipherSuites:", "cipherSuites:\n        - TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA"),
                ]
            },
        ),
        "tls-versions",
        "fail",
    ),
    "no TLS 1.3": (
        lambda p: traefik(
            p, {EDGE: [("minVersion: VersionTLS12", "minVersion: VersionTLS12\n      maxVersion: VersionTLS12")]}
        ),
        "tls-versions",
        "warn",
    ),
    "a broken cipher": (
        lambda p: traefik(
            p, {EDGE: [("cipherSuites:", "cipherSuites:\n        - TLS_ECDHE_ECDSA_WITH_RC4_128_SHA")]}
        ),
        "tls-ciphers",
        "fail",
    ),
    "http without a redirect": (
        lambda p: traefik(p, flags={f"{REDIRECT}=websecure": f"{REDIRECT}=:444"}),
        "http-redirect",
        "fail",
    ),
    "a redirect for this once": (
        lambda p: traefik(p, flags={f"{PERMANENT}=true": f"{PERMANENT}=false"}),
        "http-redirect",
        "warn",
    ),
    "a short HSTS": (
        lambda p: traefik(p, {EDGE: [("stsSeconds: 31536000", "stsSeconds: 60")]}),
        "security-headers",
        "fail",
    ),
    "pages that can be framed": (
        lambda p: traefik(p, {EDGE: [("customFrameOptionsValue: DENY", "customFrameOptionsValue: SAMEORIGIN")]}),
        "security-headers",
        "fail",
    ),
    "a weak content policy": (
        lambda p: traefik(p, {EDGE: [("object-src 'none'; base-uri 'none'; ", "")]}),
        "security-headers",
        "fail",
    ),
    "an old client's discovery that is gone": (
        lambda p: traefik(p, {GATEWAY: [("&& Path(`/.well-known/oauth-authorization-server`)", "&& Path(`/x`)")]}),
        "issuer-metadata",
        "fail",
    ),
    "a resource's metadata that is gone": (
        lambda p: traefik(
            p,
            {
                GATEWAY: [
                    ("Path(`/.well-known/oauth-protected-resource`) ||", "Path(`/x`) ||"),
                ]
            },
        ),
        "resource-metadata",
        "fail",
    ),
    "a challenge that no page can read": (
        lambda p: traefik(p, {GATEWAY: [("[WWW-Authenticate, Mcp-Session-Id,", "[Mcp-Session-Id,")]}),
        "cors",
        "fail",
    ),
    "a guard that asks for another service": (
        lambda p: traefik(p, {GATEWAY: [("/verify/{{ $name }}", "/verify/fetch")]}),
        "challenge",
        "fail",
    ),
    "figures that everybody sees": (
        lambda p: traefik(
            p, {GATEWAY: [("  services:\n", METRICS_SERVICE), ("  routers:\n", OPEN_METRICS)]}
        ),
        "internal-paths",
        "fail",
    ),
    "a verifier that everybody can ask": (
        lambda p: traefik(p, {GATEWAY: [("  routers:\n", OPEN_VERIFIER)]}),
        "internal-paths",
        "fail",
    ),
}


# What the TLS grade makes of these; everything else leaves it at A+.
GRADES = {
    "no certificate": "T",
    "TLS 1.0": "B",
    "no TLS 1.3": "A-",
    "a broken cipher": "C",
    "a short HSTS": "A",
}


@pytest.fixture
def patient(stack):
    """The deployment as it is shipped, and the doctor beside it."""
    return Patient(stack)


def wrong(findings):
    """What was found, by check: how grave."""
    return {check: own["verdict"] for check, own in findings.items() if own["verdict"] in ("warn", "fail")}


def test_nothing_is_found_on_a_good_deployment(patient):
    findings, code = patient.look()
    assert wrong(findings) == {} and code == 0
    skipped = {check for check, own in findings.items() if own["verdict"] == "skipped"}
    assert skipped == set(), "everything can be seen from the deployment's own container"


@pytest.mark.parametrize("what", PLANTED)
def test_a_planted_fault_is_found_by_its_check_alone(patient, what):
    plant, check, verdict = PLANTED[what]
    with plant(patient):
        findings, code = patient.look()
    grade = findings.pop("tls-grade")
    assert wrong(findings) == {check: verdict}, [findings[own]["problems"] for own in wrong(findings)]
    # It sums up what other checks find.
    problems = [problem["found"] for problem in grade["problems"]]
    expected = GRADES.get(what)
    assert bool(problems) == bool(expected), problems
    assert all(f": {expected}, for " in problem for problem in problems)
    assert code == {"warn": 3, "fail": 1}[verdict]
    for problem in findings[check]["problems"]:
        assert problem["found"] and problem["mend"]


def test_the_doctor_shows_no_secret(patient):
    with setting(patient, GATEWAY_JWT_SECRET=WEAK, GITHUB_CLIENT_SECRET="github-secret-of-the-test"):
        text, _ = patient.run(patient.mounts, ["--json"])
    environment = patient.stack.specs["doctor"]["environment"]
    secrets = [value for name, value in environment.items() if "PASSWORD" in name or "SECRET" in name]
    for secret in [*secrets, WEAK, "github-secret-of-the-test"]:
        assert secret not in text


def routers(stack):
    """What the doctor says of Traefik's routers, asked from Traefik's own network."""
    command = [PROGRAM, "doctor", "--json", "--only", "routers", "--traefik-api", "http://127.0.0.1:8080"]
    output = stack.from_network_of("traefik", *command).stdout
    return json.loads(output)


UNGUARDED = "no verifier stands before"


@pytest.mark.parametrize(
    "service, labels, said",
    {
        "a forgotten middleware": ("fetch-service", {"traefik.http.routers.fetch.middlewares": None}, UNGUARDED),
        "a second way in": (
            "echo",
            {"traefik.http.routers.raw.rule": "Host(`raw.gw.test`)", "traefik.http.routers.raw.service": "echo"},
            UNGUARDED,
        ),
        "another guard": ("echo", {"traefik.http.routers.echo.middlewares": "mcp-cors@file"}, UNGUARDED),
        "Traefik's own API": (
            "echo",
            {
                "traefik.http.routers.raw.rule": "Host(`raw.gw.test`)",
                "traefik.http.routers.raw.service": "api@internal",
            },
            "api@internal is open to everybody at the entry point websecure",
        ),
        "a way beneath http": (
            "echo",
            {
                "traefik.tcp.routers.raw.rule": "HostSNI(`raw.gw.test`)",
                "traefik.tcp.routers.raw.entrypoints": "websecure",
                "traefik.tcp.routers.raw.tls": "true",
                "traefik.tcp.services.raw.loadbalancer.server.port": "3002",
            },
            "goes past every guard (tcp)",
        ),
    }.values(),
)
def test_a_router_past_the_verifier_is_found_by_asking_traefik(stack, service, labels, said):
    assert routers(stack)["verdict"] == "ok"
    with with_labels(stack, service, labels):
        found = wait_for(lambda: routers(stack)["problems"])
        assert len(found) == 1 and said in found[0]["found"], found
    assert wait_for(lambda: routers(stack)["verdict"] == "ok")


@contextlib.contextmanager
def with_labels(stack, service, changes):
    """A container that was started with other labels; None takes one away."""
    path = f"{stack.work}/containers.json"
    with open(path, encoding="utf-8") as file:
        before = file.read()
    described = json.loads(before)
    labels = described["services"][service]["labels"] | changes
    labels = {name: value for name, value in labels.items() if value is not None}
    described["services"][service]["labels"] = labels
    try:
        write(path, json.dumps(described))
        yield
    finally:
        write(path, before)
