"""One container without Docker: a network namespace of its own, a root of its
own holding only what its image and its volumes hold, its own user, no
capabilities, read-only where the compose file says so.

As a program (`container.py SPEC`) it builds that root and becomes the process.
"""

import json
import os
import signal
import subprocess
import sys
import time

SELF = os.path.abspath(__file__)
DEVICES = ("null", "zero", "random", "urandom")


def command_line(spec):
    """The command that becomes the container. One that the compose file does not know has no
    network."""
    network = f"/run/netns/{spec['name']}"
    inside = ["nsenter", f"--net={network}"] if os.path.exists(network) else ["unshare", "--net"]
    if spec["stand_in"]:
        settings = [f"{name}={value}" for name, value in spec["environment"].items()]
        return [*inside, "env", *settings, *spec["command"]]
    return [*inside, "unshare", "--mount", "--propagation", "private", sys.executable, SELF, spec["path"]]


def launch(spec):
    """Starts the container; answers its process."""
    with open(spec["log"], "ab") as log:
        # A group of its own: a Ctrl-C is for the harness, which stops everything.
        return subprocess.Popen(
            command_line(spec), stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
        )


def enter_command(spec, pid, command):
    """The command line that runs `command` inside the running container."""
    environment = [f"{name}={value}" for name, value in spec["environment"].items()]
    view = ["--net"] if spec["stand_in"] else ["--net", "--mount", "--root", "--wd=/"]
    return ["nsenter", f"--target={pid}", *view, "--", "env", "-i", *environment, *command]


def healthy(spec, pid):
    """Runs the compose file's own health check, once."""
    kind, *command = spec["healthcheck"]
    if kind == "CMD-SHELL":
        command = ["/bin/sh", "-c", command[0]]
    if spec["stand_in"]:
        command = ["true"]
    check = subprocess.run(enter_command(spec, pid, command), capture_output=True, check=False, timeout=20)
    return check.returncode == 0


def alive(pid):
    """Whether the process runs (a zombie does not)."""
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8") as file:
            return file.read().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def stop(pid, seconds=10):
    """SIGTERM, then SIGKILL for what does not listen."""
    deadline = time.monotonic() + seconds
    for number in (signal.SIGTERM, signal.SIGKILL):
        if not alive(pid):
            return
        os.kill(pid, number)
        while alive(pid) and time.monotonic() < deadline:
            time.sleep(0.05)
        deadline += 5


def mount(*arguments):
    """Runs mount(8)."""
    subprocess.run(["mount", *arguments], check=True)


def bind(source, target):
    """Makes `source` appear at `target`, which is created."""
    if os.path.isdir(source):
        os.makedirs(target, exist_ok=True)
    else:
        os.makedirs(os.path.dirname(target), exist_ok=True)
        open(target, "a", encoding="utf-8").close()
    mount("--rbind", source, target)


def build_root(spec, root):
    """The container's file system."""
    os.makedirs(root, exist_ok=True)
    mount("-t", "tmpfs", "-o", "mode=755", "tmpfs", root)
    # Debug binaries are linked dynamically, so the system's libraries are there.
    for name in ("usr", "bin", "lib", "lib64", "sbin"):
        if os.path.islink(f"/{name}"):
            os.symlink(os.readlink(f"/{name}"), f"{root}/{name}")
        elif os.path.isdir(f"/{name}"):
            bind(f"/{name}", f"{root}/{name}")
    bind("/proc", f"{root}/proc")
    for name in DEVICES:
        bind(f"/dev/{name}", f"{root}/dev/{name}")
    bind("/etc/ssl", f"{root}/etc/ssl")
    for name, text in {"hosts": spec["hosts"], "resolv.conf": ""}.items():
        with open(f"{root}/etc/{name}", "w", encoding="utf-8") as file:
            file.write(text)
    for target, source in spec["mounts"].items():
        bind(source, root + target)
    for target in spec["read_only_mounts"]:
        mount("-o", "remount,bind,ro", root + target)
    for target in spec["tmpfs"]:
        os.makedirs(root + target, exist_ok=True)
        mount("-t", "tmpfs", "-o", "mode=1777", "tmpfs", root + target)
    if spec["read_only"]:
        mount("-o", "remount,bind,ro", root)


def become(spec):
    """Builds the root and replaces this process by the container's."""
    root = f"/run/containers/{spec['name']}"
    build_root(spec, root)
    kept = ",".join(["-all", *(f"+{name}" for name in spec["capabilities"])])
    privileges = ["setpriv", "--no-new-privs", f"--bounding-set={kept}", "--inh-caps=-all"]
    user, _, group = spec["user"].partition(":")
    if spec["user"] != "0:0":
        privileges += [f"--reuid={user}", f"--regid={group}", "--clear-groups"]
    os.chroot(root)
    os.chdir(spec["working_dir"])
    os.execvpe(privileges[0], [*privileges, "--", *spec["command"]], spec["environment"])


if __name__ == "__main__":
    with open(sys.argv[1], encoding="utf-8") as file:
        become(json.load(file))
