"""From the compose file to containers: what the launcher and the stand-in for
Docker's API are told about each service."""

import json
import os

import compose
import images
import network


def volume_source(project, work, source):
    """Where a volume lives here: a path of the project, or a directory of the
    test for a named one."""
    if source.startswith(("./", "/")):
        return os.path.normpath(os.path.join(project["directory"], source))
    return f"{work}/volumes/{source}"


def make_volume(path, target, user):
    """As Docker does for a named volume: it takes owner and mode from the image's
    own directory there. Of ours, the operator's commands mount it first."""
    mode, owner = images.directory_of_ours(target) or (0o700, user)
    os.makedirs(path)
    os.chmod(path, mode)
    if os.environ["EDGE_INSIDE"] == "root":
        os.chown(path, *map(int, owner.split(":")))


def as_composed(project, work, name):
    """What the compose file says of one container. Makes the volumes that are missing."""
    service = project["services"][name]
    image = images.find(service)
    command = service.get("command") or []
    if name == "traefik":
        command = command + project["x-edge"]["traefik-flags"]
    user = service.get("user", "0:0") if os.environ["EDGE_INSIDE"] == "root" else "0:0"
    mounts, read_only = dict(image.files), []
    for volume in service.get("volumes") or []:
        source, target, *mode = volume.split(":")
        mounts[target] = volume_source(project, work, source)
        if not os.path.exists(mounts[target]):
            make_volume(mounts[target], target, user)
        if "ro" in mode:
            read_only.append(target)
    spec = {
        "name": name,
        "command": image.entrypoint + command,
        "environment": {"PATH": "/image:/usr/bin:/bin", **service["environment"]},
        "user": user,
        "mounts": {} if image.stand_in else mounts,
        "read_only_mounts": read_only,
        "tmpfs": [entry.split(":")[0] for entry in service.get("tmpfs") or []],
        "read_only": bool(service.get("read_only")),
        "working_dir": service.get("working_dir", "/"),
        "healthcheck": (service.get("healthcheck") or {}).get("test", ["CMD", "true"]),
        "log": f"{work}/{name}.log",
        "stand_in": image.stand_in,
        "capabilities": [],
    }
    if image.stand_in:
        spec["environment"]["EDGE_CONTAINERS"] = f"{work}/containers.json"
    return spec


def describe(stack, project, networks, name):
    """How to start one service, in the stack and on disk for the launcher."""
    spec = as_composed(project, stack.work, name)
    spec["hosts"] = network.hosts_file(networks, domain_names(project), name)
    spec["path"] = stack.write_spec(spec, name)
    stack.specs[name] = spec
    stack.addresses[name] = networks.addresses(name)


def domain_names(project):
    """The names that the internet's DNS would have for this gateway."""
    names = project["services"]["traefik"]["environment"]
    services = [entry.split("=")[0].strip() for entry in names["MCP_SERVICES"].split(",")]
    return [f"{name}.{names['BASE_DOMAIN']}" for name in ("auth", *services, "nothing")]


def describe_containers(work, project, networks):
    """What the stand-in for Docker's API tells Traefik."""
    services = {
        name: {"labels": s["labels"], "image": s["image"], "addresses": networks.addresses(name)}
        for name, s in compose.running(project).items()
    }
    with open(f"{work}/containers.json", "w", encoding="utf-8") as file:
        json.dump({"name": project["name"], "services": services}, file, indent=1)
