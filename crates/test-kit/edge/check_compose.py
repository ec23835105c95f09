"""Reads the compose files and says where they break a promise of the
deployment. What only a running stack can show is in tests/."""

import glob
import os
import re
import sys

import compose
import images

ROOT = images.ROOT
LOGGING = {
    "driver": "json-file",
    "options": {"max-size": "10m", "max-file": "3", "labels": "service,security"},
}
# Root without any capability: Traefik owns its certificates, and the proxy may
# open Docker's socket, which belongs to root.
MAY_BE_ROOT = {"traefik", "docker-socket-proxy"}


# Who holds which private key, and who may write. A certificate that a container
# must believe is no secret, but whoever can write it decides whom it believes.
KEEPERS = {"gateway", "key-keeper"}
READERS = {
    "signing-keys": {"auth-service", "doctor"},
    "assertion-keys": {"forward-auth", "doctor"},
    "internal-ca": {"doctor"},
    "internal-ca-certificate": {"traefik", "doctor"},
    "verifier-tls": {"forward-auth", "doctor"},
}


def about_keys(services):
    """Each process sees the keys that it needs, and only their keepers write them."""
    for volume, readers in READERS.items():
        mounts = {
            name: mount.split(":")[2:]
            for name, service in services.items()
            for mount in service.get("volumes") or []
            if mount.split(":")[0] == volume
        }
        if mounts.keys() != readers | KEEPERS:
            yield f"the volume {volume} is mounted by {sorted(mounts)}"
        for name in sorted(readers & mounts.keys()):
            if mounts[name] != ["ro"]:
                yield f"{name} may write {volume}"


def about_service(name, service):
    """What each container must be."""
    if service.get("read_only") is not True:
        yield "its root file system is writable"
    if service.get("cap_drop") != ["ALL"] or service.get("cap_add"):
        yield "it keeps capabilities"
    if service.get("security_opt") != ["no-new-privileges:true"] or service.get("privileged"):
        yield "it could gain privileges"
    if service.get("user", "0:0").startswith("0:") and name not in MAY_BE_ROOT:
        yield "it runs as root"
    if service.get("logging") != LOGGING:
        yield "its log is not rotated"
    if not service.get("healthcheck") and not service.get("profiles"):
        yield "it has no health check"
    if not re.search(r":(v?\d|local$)", service["image"]):
        yield f"its image {service['image']} is not pinned"
    if service.get("ports", []) != (["80:80", "443:443"] if name == "traefik" else []):
        yield f"it publishes {service.get('ports')}"
    if service.get("network_mode") or service.get("pid") or service.get("ipc"):
        yield "it shares a namespace of the host"
    socket = [volume for volume in service.get("volumes") or [] if "docker.sock" in volume]
    if socket and (name != "docker-socket-proxy" or not socket[0].endswith(":ro")):
        yield "it holds the Docker socket"
    if {"service", "security"} - service["labels"].keys():
        yield "its log lines cannot be told apart: labels service and security"


def about_project(project):
    """What holds between containers."""
    for name, service in project["services"].items():
        yield from (f"{name}: {complaint}" for complaint in about_service(name, service))
    yield from about_keys(project["services"])
    guarded = {n: s for n, s in project["services"].items() if s["labels"].get("traefik.enable") == "true"}
    for name, service in guarded.items():
        routers = {key.split(".")[3] for key in service["labels"] if key.startswith("traefik.http.routers.")}
        for router in routers:
            guard = service["labels"].get(f"traefik.http.routers.{router}.middlewares", "")
            if not re.fullmatch(r"protect-[\w-]+@file", guard):
                yield f"{name}: the router {router} has no guard"
        if not routers:
            yield f"{name}: Traefik would make a router of its own, without a guard"
        for network in service["networks"]:
            members = {n for n, s in project["services"].items() if network in s["networks"]}
            if members != {name, "traefik"}:
                yield f"{name}: shares the network {network} with {sorted(members - {name, 'traefik'})}"
    for network in ("verify", "data", "socket"):
        if project["networks"][network] != {"internal": True}:
            yield f"the network {network} has a way out"


def about_names():
    """Every variable of the compose file is explained in .env.example, and every
    image that we build has its target in the Dockerfile."""
    texts = {}
    for name in ("docker-compose.yml", ".env.example", "deploy/Dockerfile"):
        with open(os.path.join(ROOT, name), encoding="utf-8") as file:
            texts[name] = file.read()
    used = set(re.findall(r"\$\{(\w+)", texts["docker-compose.yml"]))
    explained = set(re.findall(r"^#?(\w+)=", texts[".env.example"], re.M))
    yield from (f".env.example does not explain {name}" for name in sorted(used - explained))
    targets = set(re.findall(r"^FROM base AS (\S+)", texts["deploy/Dockerfile"], re.M))
    wanted = set(re.findall(r"target: ([\w-]+)", texts["docker-compose.yml"]))
    yield from (f"deploy/Dockerfile has no target {name}" for name in sorted(wanted - targets))


def complaints():
    """All of them, for the compose file alone and with each example."""
    variables = compose.read_env_file(os.path.join(images.HERE, "test.env"))
    base = os.path.join(ROOT, "docker-compose.yml")
    for example in [None, *sorted(glob.glob(os.path.join(ROOT, "deploy/examples/*.yml")))]:
        project = compose.load([base, example] if example else [base], variables)
        yield from about_project(project)
    yield from about_names()


found = list(dict.fromkeys(complaints()))
print("\n".join(found) or "the compose files keep their promises")
sys.exit(bool(found))
