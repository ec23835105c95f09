"""The services' figures, as Prometheus would read them."""

import re


def figures(stack, service):
    """What the service tells on its internal listener."""
    result = stack.from_network_of(service, "curl", "-sS", "http://127.0.0.1:9090/metrics")
    assert result.returncode == 0, result.stderr
    return result.stdout


def answered(stack, service, status):
    """How many requests it has answered with such a status."""
    name = f'gateway_http_requests_total{{service="{service}",status="{status}"}}'
    return int(re.search(f"^{re.escape(name)} ([0-9]+)$", figures(stack, service), re.MULTILINE)[1])


def connections(stack, protocol):
    """How many connections the verifier has had over TLS, by the protocol agreed on."""
    line = f'^gateway_tls_connections_total{{.*protocol="{protocol}".*}} ([0-9]+)$'
    (count,) = re.findall(line, figures(stack, "forward-auth"), re.MULTILINE)
    return int(count)
