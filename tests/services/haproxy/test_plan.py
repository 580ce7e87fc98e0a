"""HAProxy leads to the primary by role check."""

from basalt.plan import plan
from tests.stacks import DATABASE, THREE_HOSTS, raw, topology


def config() -> str:
    made = plan(topology(DATABASE))
    return next(p.files[0].text for p in made.planned if p.instance.name == "haproxy-1")


def test_every_check_is_verified_tls() -> None:
    text = config()
    assert "check-ssl verify required ca-file /etc/basalt/tls/control/ca.crt" in text
    servers = [line for line in text.splitlines() if line.strip().startswith("server ")]
    assert servers
    assert all("verifyhost postgres-" in line for line in servers)


def test_writes_go_to_the_primary_and_reads_to_replicas() -> None:
    write, read = config().split("listen write")[1].split("listen read")
    assert "uri /primary" in write
    assert "uri /replica" in read.split("backend")[0]


def test_its_names_stand_on_the_certificates_of_those_it_leads_to() -> None:
    made = plan(topology(DATABASE))
    (certificate,) = [
        c
        for p in made.planned
        if p.instance.name == "postgres-1"
        for c in p.certificates
        if c.authority.name == "stack"
    ]
    assert {"postgres-1", "haproxy", "haproxy-1", "haproxy-2"} <= set(certificate.names)


def test_it_cannot_give_orders_to_patroni() -> None:
    made = plan(topology(DATABASE))
    held = [c for p in made.planned if p.instance.name == "haproxy-1" for c in p.certificates]
    assert [(c.authority.name, c.key) for c in held] == [("stack", True), ("control", False)]


def test_between_hosts_it_checks_the_ports_of_the_hosts() -> None:
    hosts = raw(THREE_HOSTS, services={"etcd": {}, "postgres": DATABASE["services"]["postgres"], "haproxy": {}})
    made = plan(topology(hosts))
    text = next(p.files[0].text for p in made.planned if p.instance.name == "haproxy-1")
    assert "server postgres-2 postgres-2:5432 port 8008" in text
