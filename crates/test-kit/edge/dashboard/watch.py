"""Prometheus beside the stack, with the deployment's own rules, asking every five seconds."""

import os
import subprocess
import sys

import yaml

EDGE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(0, EDGE)

import images  # noqa: E402
from stack import Stack  # noqa: E402

OURS = ("auth-service", "forward-auth", "fetch-service")


def joins(address, number):
    """Prometheus runs on the host, which is in no internal network until now."""
    host = ".".join([*address.split(".")[:3], str(250 - number)])
    bridge = f"br{address.split('.')[2]}"
    subprocess.run(["ip", "address", "add", f"{host}/24", "dev", bridge], check=True)


def main():
    """Writes the configuration and becomes Prometheus."""
    stack = Stack.current()
    folder = f"{images.ROOT}/deploy/observability"
    with open(f"{folder}/prometheus.yml", encoding="utf-8") as file:
        configuration = yaml.safe_load(file)
    configuration["global"] = {"scrape_interval": "5s", "evaluation_interval": "5s"}
    configuration["rule_files"] = [f"{folder}/alerts.yml"]
    (job,) = configuration["scrape_configs"]
    job["relabel_configs"], job["static_configs"] = [], []
    for number, name in enumerate(OURS):
        address = next(iter(stack.addresses[name].values()))
        joins(address, number)
        job["static_configs"].append({"targets": [f"{address}:9090"], "labels": {"instance": name}})
    path = f"{stack.work}/prometheus.yml"
    with open(path, "w", encoding="utf-8") as file:
        yaml.safe_dump(configuration, file)
    options = [f"--config.file={path}", f"--storage.tsdb.path={stack.work}/prometheus"]
    options += ["--web.listen-address=127.0.0.1:9090", "--log.level=warn"]
    os.execvp("prometheus", ["prometheus", *options])


if __name__ == "__main__":
    main()
