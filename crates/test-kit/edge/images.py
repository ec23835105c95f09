"""What stands for each image of the compose files: the same program, taken from
this machine. Versions are compared, so that what is tested is what is shipped."""

import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass, field

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.abspath(os.path.join(HERE, "../../.."))
OURS = "mcp-oauth-gateway/"
# The collector takes what it is sent and shows it; nothing is behind it.
COLLECTORS = {"otel/opentelemetry-collector", "jaegertracing/jaeger"}
STAND_INS = {"wollomatic/socket-proxy": "docker_api.py", "test/echo": "echo_server.py"}


@dataclass
class Image:
    """`files` are bound into the container: target to source."""

    entrypoint: list = field(default_factory=list)
    files: dict = field(default_factory=dict)
    # Runs with the container's network but without a root of its own.
    stand_in: bool = False


def find(service):
    """The image of a service."""
    repository, _, tag = service["image"].rpartition(":")
    if repository.startswith(OURS + "example-"):
        example = repository.removeprefix(OURS + "example-")
        return Image(files={"/app": os.path.join(ROOT, "deploy/examples", example)})
    if repository.startswith(OURS):
        name = repository.removeprefix(OURS)
        return Image(entrypoint=[f"/{name}"], files={f"/{name}": our_binary(name)})
    if repository == "traefik":
        program = require("traefik")
        expect_version([program, "version"], tag.removeprefix("v"))
        return Image(entrypoint=["/image/traefik"], files={"/image/traefik": program})
    if repository == "redis":
        expect_version([require("redis-server"), "--version"], tag.removesuffix("-alpine"))
        return Image()
    if repository in COLLECTORS:
        program = our_binary("trace-collector")
        return Image(entrypoint=["/trace-collector"], files={"/trace-collector": program})
    if repository in STAND_INS:
        program = os.path.join(HERE, STAND_INS[repository])
        return Image(entrypoint=[sys.executable, program], stand_in=True)
    raise SystemExit(f"edge: nothing stands for the image {service['image']}: add it to images.py")


def directory_of_ours(target):
    """Mode and owner of a directory that an image of ours brings for a volume."""
    with open(os.path.join(ROOT, "deploy/Dockerfile"), encoding="utf-8") as file:
        text = file.read().replace("\\\n", " ")
    for mode, paths in re.findall(r"install -d -m (\d+)((?: +/volumes/\S+)+)", text):
        if any(re.fullmatch(f"/volumes/[^/]+{re.escape(target)}", path) for path in paths.split()):
            return int(mode, 8), "65532:65532"
    return None


def our_binary(name):
    """The path of one of our own programs."""
    directory = os.environ.get("EDGE_BINARIES") or os.path.join(ROOT, "target/debug")
    path = os.path.join(directory, name)
    return path if os.path.exists(path) else sys.exit(f"edge: {path} is not built: cargo build --workspace")


def require(program):
    """The path of a program that must be installed."""
    return shutil.which(program) or sys.exit(f"edge: {program} is not installed: scripts/test installs it")


def expect_version(command, wanted):
    """The installed program must be the version that the compose file pins."""
    output = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    versions = re.findall(r"\d+\.\d+\.\d+", output)
    if not any(found == wanted or found.startswith(wanted + ".") for found in versions):
        sys.exit(f"edge: the compose file pins {wanted}, but `{' '.join(command)}` is {versions[:1]}")
