"""The running stack: start, stop and enter its containers. The harness uses it,
and so do the tests, through the state that is kept in `$EDGE_WORK/state.json`.

As a program: `stack.py stop redis`, `stack.py start redis`,
`stack.py enter redis redis-cli ping`.
"""

import json
import os
import subprocess
import sys
import time

import container


class Stack:
    """Containers by name: how each is started, its process, its addresses."""

    def __init__(self, work):
        self.work = work
        self.specs = {}
        self.pids = {}
        self.addresses = {}

    @classmethod
    def current(cls):
        """The stack that this process runs beside."""
        stack = cls(os.environ["EDGE_WORK"])
        stack.read()
        return stack

    def read(self):
        """What another process may have written since."""
        with open(f"{self.work}/state.json", encoding="utf-8") as file:
            state = json.load(file)
        self.specs, self.pids, self.addresses = state["specs"], state["pids"], state["addresses"]

    def save(self):
        """Writes the state for other processes."""
        state = {"specs": self.specs, "pids": self.pids, "addresses": self.addresses}
        with open(f"{self.work}/state.json.new", "w", encoding="utf-8") as file:
            json.dump(state, file, indent=1)
        os.replace(f"{self.work}/state.json.new", f"{self.work}/state.json")

    def start(self, name, seconds=60):
        """Starts a container and waits until its own health check passes."""
        spec = self.specs[name]
        process = container.launch(spec)
        self.pids[name] = process.pid
        self.save()
        deadline = time.monotonic() + seconds
        while not container.healthy(spec, process.pid):
            if process.poll() is not None or time.monotonic() > deadline:
                raise SystemExit(f"edge: {name} did not become healthy: {tail(spec['log'])}")
            time.sleep(0.1)

    def stop(self, name):
        """Stops a container as `docker stop` does."""
        container.stop(self.pids.pop(name))
        self.save()

    def run_once(self, name, *arguments):
        """Runs a container to its end, as `docker compose run` does."""
        spec = dict(self.specs[name])
        spec["command"] = [*spec["command"], *arguments]
        spec["path"] = self.write_spec(spec, f"{name}-once")
        if code := container.launch(spec).wait(timeout=120):
            raise SystemExit(f"edge: {name} {' '.join(arguments)} ended with {code}: {tail(spec['log'])}")

    def write_spec(self, spec, name):
        """What the container's launcher reads; answers the file's path."""
        path = f"{self.work}/{name}.json"
        with open(path, "w", encoding="utf-8") as file:
            json.dump(spec, file, indent=1)
        return path

    def enter(self, name, *command):
        """Runs a command inside a running container."""
        line = container.enter_command(self.specs[name], self.pids[name], command)
        return subprocess.run(line, capture_output=True, text=True, check=False, timeout=60)

    def from_network_of(self, name, *command):
        """Runs a command of this machine in the network of a container."""
        line = ["nsenter", f"--net=/run/netns/{name}", "--", *command]
        return subprocess.run(line, capture_output=True, text=True, check=False, timeout=60)

    def log(self, name):
        """What a container has written so far: nothing, if it is one that runs for a moment and
        gives its words to whoever runs it."""
        if name == "doctor":
            return ""
        with open(self.specs[name]["log"], encoding="utf-8", errors="replace") as file:
            return file.read()


def tail(path):
    """The last lines of a log."""
    with open(path, encoding="utf-8", errors="replace") as file:
        return "\n" + "".join(file.readlines()[-15:])


def main(action, name, *rest):
    """The command line."""
    stack = Stack.current()
    if action == "enter":
        result = stack.enter(name, *rest)
        print(result.stdout + result.stderr, end="")
        sys.exit(result.returncode)
    {"start": stack.start, "stop": stack.stop}[action](name)


if __name__ == "__main__":
    main(*sys.argv[1:])
