"""HAProxy leads to the primary by role check."""

from basalt.plan import plan
from tests.stacks import DATABASE, THREE_HOSTS, raw, topology


def config() -> str:
    made = plan(topology(DATABASE))
    return next(p.files[0].text for p in made.planned if p.instance.name == "haproxy-1")


def test_every_check_is_verified_tls() -> None:
    text = config()
    assert "check-ssl verify required ca-file /etc/basalt/tls/control/ca.crt" in text
    checked = [line for name in ("leader", "replicas") for line in servers(name)]
    assert checked
    assert all("verifyhost postgres-" in line for line in checked)


def backend(name: str) -> str:
    return config().split(f"\nbackend {name}\n")[1].split("\nfrontend ")[0].split("\nbackend ")[0]


def servers(name: str) -> list[str]:
    return [line.strip() for line in backend(name).splitlines() if line.strip().startswith("server ")]


def test_writes_go_to_the_primary_and_reads_to_replicas() -> None:
    assert "bind :5000\n    default_backend primary" in config()
    assert "use_backend replicas" in config()
    assert "uri /primary" in backend("leader")
    assert "uri /replica" in backend("replicas")


def test_who_has_the_lock_but_cannot_write_yet_gets_no_writes() -> None:
    assert """expect string '"role": "primary"'""" in backend("leader")


def test_who_is_asked_whether_it_leads_has_longer_than_who_is_to_take_a_connection() -> None:
    told = [(line.split()[1], line.rsplit(" ", 3)[1:]) for line in servers("primary")]
    assert told
    assert all(how == ["no-check", "track", f"leader/{name}"] for name, how in told)
    assert "timeout connect 500ms\n" in backend("primary")
    assert "timeout" not in backend("leader")


def test_reads_fall_back_to_the_primary() -> None:
    read = config().split("frontend read\n")[1].split("\nbackend ")[0]
    assert read.index("use_backend replicas if { nbsrv(replicas) gt 0 }") < read.index("default_backend primary")


def test_a_member_that_lost_its_role_loses_its_connections() -> None:
    assert "on-marked-down shutdown-sessions" in config()


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


def test_a_refused_connection_is_tried_at_another_member_at_once() -> None:
    assert "option redispatch 1\n" in config()


def test_its_console_is_a_socket_of_its_own_user() -> None:
    assert "stats socket /tmp/admin.sock mode 600 level admin\n" in config()
    assert config().count("stats socket") == 1
