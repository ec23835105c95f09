"""Reads compose files as Docker Compose does: variables, override files, and
the long and short forms of what the project uses."""

import os
import re

import yaml

VARIABLE = re.compile(r"\$(?:(\$)|\{(\w+)(?:(:?[-?+])((?:[^{}]|\{[^}]*\})*))?\}|(\w+))")
REPLACED_BY_OVERRIDE = {"command", "entrypoint", "test"}


def interpolate(value, variables):
    """Fills in ${NAME}, ${NAME:-default}, ${NAME:+replacement}, ${NAME:?message} and $$."""
    if isinstance(value, dict):
        return {key: interpolate(item, variables) for key, item in value.items()}
    if isinstance(value, list):
        return [interpolate(item, variables) for item in value]
    if not isinstance(value, str):
        return value

    def fill(match):
        if match.group(1):
            return "$"
        name, operator, argument = match.group(2) or match.group(5), match.group(3), match.group(4)
        found = variables.get(name)
        missing = found is None or (found == "" and (operator or "").startswith(":"))
        if operator and operator.endswith("+"):
            return "" if missing else argument
        if not missing:
            return found
        if operator and operator.endswith("?"):
            raise SystemExit(f"compose: {name} is missing: {argument}")
        return argument or "" if operator else ""

    return VARIABLE.sub(fill, value)


def merge(base, override, key=""):
    """One file over another, by the rules of the Compose specification."""
    if isinstance(base, dict) and isinstance(override, dict):
        merged = dict(base)
        for name, value in override.items():
            merged[name] = merge(merged[name], value, name) if name in merged else value
        return merged
    if isinstance(base, list) and isinstance(override, list) and key not in REPLACED_BY_OVERRIDE:
        return base + [item for item in override if item not in base]
    return override


def as_mapping(value):
    """`["A=1"]` and `{A: 1}` are the same thing; all values are strings."""
    if isinstance(value, list):
        value = dict((item.split("=", 1) + [""])[:2] for item in value)
    text = {True: "true", False: "false", None: ""}
    return {k: text[v] if isinstance(v, bool) or v is None else str(v) for k, v in (value or {}).items()}


def normalise(service):
    """The short forms, written out."""
    service = dict(service)
    for name in ("environment", "labels", "sysctls"):
        service[name] = as_mapping(service.get(name))
    for name in ("depends_on", "networks"):
        value = service.get(name) or {}
        service[name] = {item: {} for item in value} if isinstance(value, list) else value
    return service


def load(paths, variables):
    """The project that `docker compose -f A -f B` would run. Relative paths
    are relative to the first file's directory."""
    project = {}
    for path in paths:
        with open(path, encoding="utf-8") as file:
            document = interpolate(yaml.safe_load(file), variables)
        services = document.get("services") or {}
        document["services"] = {name: normalise(service) for name, service in services.items()}
        project = merge(project, document)
    project["directory"] = os.path.dirname(os.path.abspath(paths[0]))
    return project


def printed(project):
    """The project as `docker compose config --format json` prints it, as far as it is looked at."""
    services = {}
    for name, service in project["services"].items():
        ports = [port.split(":") for port in service.get("ports") or []]
        services[name] = {
            "image": service["image"],
            # What is of the test alone is logged as Docker would by itself.
            "logging": service.get("logging", {"driver": "local"}),
            "labels": service["labels"],
            "ports": [{"mode": "ingress", "published": p, "target": int(t)} for p, t in ports],
        }
    return {"name": project["name"], "services": services}


def read_env_file(path):
    """`NAME=value` lines, as in .env."""
    with open(path, encoding="utf-8") as file:
        lines = [line.strip() for line in file]
    return dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))


def running(project):
    """The services that `just up` starts: those without a profile, and the keys' rotation."""
    started = ([], ["rotation"])
    return {name: s for name, s in project["services"].items() if s.get("profiles", []) in started}


def start_order(services):
    """Dependencies first."""
    ordered = []

    def visit(name):
        for dependency in services[name]["depends_on"]:
            visit(dependency)
        if name not in ordered:
            ordered.append(name)

    for name in services:
        visit(name)
    return ordered
