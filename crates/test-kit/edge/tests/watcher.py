"""Listens where nobody should ever connect, and says who did."""

import subprocess
import sys

LISTENER = """
import socket, sys
family = socket.AF_INET6 if ":" in sys.argv[1] else socket.AF_INET
server = socket.create_server((sys.argv[1], int(sys.argv[2])), family=family)
print("listening", flush=True)
while True:
    connection, _ = server.accept()
    connection.settimeout(5)
    print(connection.recv(7).hex() or "nothing", flush=True)
    connection.close()
"""
KNOCK = b"knocked"


class Watcher:
    """A listener in the network of a container, or of the host."""

    def __init__(self, address, container=None, port=443):
        self.address, self.port = address, port
        inside = ["nsenter", f"--net=/run/netns/{container}", "--"] if container else []
        command = [*inside, sys.executable, "-c", LISTENER, address, str(port)]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)

    def __enter__(self):
        assert self.process.stdout.readline() == "listening\n"
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()

    def assert_nobody_came_but_could_have(self, stack, container):
        """Knocks from a container, which shows that it can connect; whoever came
        before would have been heard of first."""
        knock = f"exec 3<>/dev/tcp/{self.address}/{self.port}; printf {KNOCK.decode()} >&3"
        result = stack.from_network_of(container, "timeout", "5", "bash", "-c", knock)
        assert result.returncode == 0, result.stderr
        assert self.process.stdout.readline() == f"{KNOCK.hex()}\n"
