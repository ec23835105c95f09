"""The compose file's networks, as the kernel's own: one bridge for each, one
network namespace for each container, one cable for each attachment. Nothing
forwards between bridges, so the compose file alone decides who reaches whom.

The harness's own namespace is the host and the internet. A network that is not
`internal` has the host as its gateway; an internal one has no way out at all.
"""

import ipaddress
import subprocess
from dataclasses import dataclass, field

# The internet's addresses. They are public ones, so that an outbound guard sees
# what it would see outside; nothing leaves the namespace.
INTERNET = {
    "github.test": "9.9.1.10",
    "web.test": "9.9.1.20",
    "pebble.test": "9.9.1.30",
    "client.test": "9.9.1.40",
    "documents.test": "9.9.1.50",
    # Names that somebody gave addresses which are not public.
    "intranet.test": "10.9.1.60",
    "metadata.test": "169.254.169.254",
}
# The companies that describe their clients, and one whose certificate nobody
# signed. All of them are `documents.test`.
DOCUMENT_HOSTS = ["claude.ai", "chatgpt.com", "vscode.dev", "zed.dev", "opencode.ai", "goose-docs.ai"]
STRANGER = "stranger.test"
INTERNET |= dict.fromkeys([*DOCUMENT_HOSTS, STRANGER], INTERNET["documents.test"])
SUBNETS = ipaddress.ip_network("172.28.0.0/16").subnets(new_prefix=24)


def ip(*arguments):
    """Runs ip(8)."""
    subprocess.run(["ip", *arguments], check=True)


@dataclass
class Networks:
    """Addresses: `at[network][container]`."""

    internal: dict = field(default_factory=dict)
    at: dict = field(default_factory=dict)
    gateway: dict = field(default_factory=dict)

    def addresses(self, container):
        """Its address in each of its networks."""
        return {n: members[container] for n, members in self.at.items() if container in members}

    def neighbours(self, container):
        """The names that Docker's DNS would answer there: name to address."""
        names = {}
        for network in self.addresses(container):
            names |= self.at[network]
        return names

    def public_address(self, container):
        """Where the host reaches it."""
        return next(a for n, a in self.addresses(container).items() if not self.internal[n])

    def has_way_out(self, container):
        """Whether one of its networks is not internal."""
        return not all(self.internal[n] for n in self.addresses(container))


def prepare_host():
    """Loopback and the internet's addresses; a private place for namespaces."""
    subprocess.run(["mount", "-t", "tmpfs", "tmpfs", "/run"], check=True)
    ip("link", "set", "lo", "up")
    with open("/proc/sys/net/ipv4/ip_forward", "w", encoding="utf-8") as file:
        file.write("0")
    for address in set(INTERNET.values()):
        ip("address", "add", f"{address}/32", "dev", "lo")


def build(project, services):
    """Bridges, namespaces and cables for these services."""
    networks = Networks()
    for name in services:
        ip("netns", "add", name)
        ip("-n", name, "link", "set", "lo", "up")
    for number, (name, options) in enumerate((project.get("networks") or {}).items()):
        subnet = next(SUBNETS)
        bridge = f"br{number}"
        networks.internal[name] = bool((options or {}).get("internal"))
        networks.gateway[name] = str(subnet[1])
        networks.at[name] = {}
        ip("link", "add", bridge, "type", "bridge")
        ip("link", "set", bridge, "up")
        if not networks.internal[name]:
            ip("address", "add", f"{subnet[1]}/24", "dev", bridge)
        members = [s for s, service in services.items() if name in service["networks"]]
        for position, member in enumerate(members):
            networks.at[name][member] = str(subnet[10 + position])
            attach(networks, name, bridge, member)
    for name, service in services.items():
        for key, value in service["sysctls"].items():
            path = "/proc/sys/" + key.replace(".", "/")
            subprocess.run(["ip", "netns", "exec", name, "sh", "-c", f"echo {value} > {path}"], check=True)
    return networks


def attach(networks, network, bridge, container):
    """A cable from the container's namespace to the bridge."""
    number = len(networks.addresses(container)) - 1
    outside, inside = f"{bridge}p{len(networks.at[network])}", f"eth{number}"
    ip("link", "add", outside, "master", bridge, "type", "veth", "peer", "name", inside, "netns", container)
    ip("link", "set", outside, "up")
    ip("-n", container, "address", "add", f"{networks.at[network][container]}/24", "dev", inside)
    ip("-n", container, "link", "set", inside, "up")
    if not networks.internal[network]:
        # The first way out is the default one.
        route = ["ip", "-n", container, "route", "add", "default", "via", networks.gateway[network]]
        subprocess.run(route, check=False, stderr=subprocess.DEVNULL)


def hosts_file(networks, domain_names, container=None):
    """/etc/hosts of a container, or of the host."""
    names = {"localhost": "127.0.0.1"}
    if container is None or networks.has_way_out(container):
        names |= INTERNET
        names |= {name: networks.public_address("traefik") for name in domain_names}
    if container is not None:
        names |= networks.neighbours(container)
    return "".join(f"{address} {name}\n" for name, address in names.items())
