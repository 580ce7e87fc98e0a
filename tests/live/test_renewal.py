"""Certificates renew by `up`, and running servers take them up without being replaced."""

import socket
import ssl
from typing import Any

import pytest
from cryptography import x509

from tests.live.project import Project
from tests.waiting import until

SERVERS = ("nginx.https", "redis.data", "postgres.rest", "haproxy.metrics", "prometheus.web")


def serial(project: Project, endpoint: str) -> int:
    """The serial number of the certificate that the first instance of an endpoint shows."""
    workload, port = endpoint.split(".")
    instance = project.plan.site.of(workload)[0]
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    target = (instance.address, instance.workload.ports[port].number)
    with socket.create_connection(target, timeout=5) as raw, context.wrap_socket(raw) as tls:
        shown = tls.getpeercert(binary_form=True)
    assert shown
    return x509.load_der_x509_certificate(shown).serial_number


@pytest.mark.breaks
def test_certificates_renew_by_up_without_replacing_who_can_reload(project: Project) -> None:
    before = {endpoint: serial(project, endpoint) for endpoint in SERVERS}
    ids = {name: container.id for name, container in project.containers().items()}
    reloads = {i.name for i in project.plan.site.instances if i.workload.reload is not None}
    life: dict[str, Any] = {"days": 60, "renew": 30}
    project.edit(lambda topology: topology.update(certificates=life))
    project.up()
    for endpoint in SERVERS:
        until(lambda e=endpoint: serial(project, e) != before[e], f"a new certificate at {endpoint}", 30)  # type: ignore[misc]
    kept = {name for name, container in project.containers().items() if container.id == ids[name]}
    assert reloads <= kept, reloads - kept
    assert {"postgres-1", "pgbouncer-1", "redis-1", "haproxy-1", "nginx-1"} <= kept
    project.pulumi("preview", "--expect-no-changes")
