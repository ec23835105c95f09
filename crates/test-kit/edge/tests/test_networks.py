"""Who can connect to whom. The table is the promise; the compose file's
networks must keep it."""

import concurrent.futures

import pytest

PORTS = {
    "traefik": 443,
    "docker-socket-proxy": 2375,
    "auth-service": 8000,
    "forward-auth": 8000,
    "fetch-service": 8000,
    "everything": 3001,
    "redis": 6379,
    # It listens nowhere.
    "key-keeper": 8000,
}
REACHES = {
    "traefik": {"docker-socket-proxy", "auth-service", "forward-auth", "fetch-service", "everything"},
    "docker-socket-proxy": {"traefik"},
    "auth-service": {"traefik", "redis", "forward-auth"},
    "forward-auth": {"traefik", "redis", "auth-service"},
    "fetch-service": {"traefik"},
    "everything": {"traefik"},
    "redis": {"auth-service", "forward-auth"},
    "key-keeper": set(),
}
REACHES_THE_INTERNET = {"traefik", "auth-service", "fetch-service"}


def connects(stack, source, address, port):
    """Whether a TCP connection comes about."""
    probe = f"exec 3<>/dev/tcp/{address}/{port}"
    return stack.from_network_of(source, "timeout", "1", "bash", "-c", probe).returncode == 0


@pytest.mark.parametrize("source", REACHES)
def test_a_container_reaches_only_those_it_must(stack, source):
    targets = [
        (target, address)
        for target in PORTS
        if target != source
        for address in stack.addresses[target].values()
    ]
    with concurrent.futures.ThreadPoolExecutor(16) as pool:
        answers = pool.map(lambda t: connects(stack, source, t[1], PORTS[t[0]]), targets)
    reached = {target for (target, _), yes in zip(targets, answers, strict=True) if yes}
    assert reached == REACHES[source]


@pytest.mark.parametrize("source", REACHES)
def test_only_those_who_need_it_reach_the_internet(stack, source):
    assert connects(stack, source, "9.9.1.10", 80) == (source in REACHES_THE_INTERNET)


@pytest.mark.parametrize("source", REACHES)
def test_a_name_is_known_only_on_a_shared_network(stack, source):
    hosts = stack.specs[source]["hosts"]
    known = {name for name in PORTS if f" {name}\n" in hosts}
    neighbours = {name for name in PORTS if set(stack.addresses[name]) & set(stack.addresses[source])}
    assert known == neighbours and REACHES[source] | {source} == known


def test_every_container_is_in_the_table(stack):
    assert set(stack.pids) == set(PORTS) | {"echo"}
