"""What the edge runs and reads."""

import json
import re
from typing import Any

from basalt.plan import survey
from basalt.workload import Tmpfs, Workload
from tests.services.app.stack import SHOP, planned, text
from tests.stacks import topology


def edge(**nginx: Any) -> Workload:
    return survey(topology(SHOP, services__nginx=nginx)).of("nginx")[0].workload


def file(path: str, **nginx: Any) -> str:
    return text(planned("nginx-1", services__nginx=nginx), path)


def test_on_a_laptop_it_is_reached_from_the_laptop_only() -> None:
    assert {(p.port, p.address, p.number) for p in edge().publish} == {
        ("https", "127.0.0.1", 8443),
        ("http", "127.0.0.1", 8080),
    }


def test_its_certificate_bears_what_may_stand_in_a_url() -> None:
    (certificate,) = planned("nginx-1", services__nginx={"domain": "shop.lab"}).certificates
    assert {"nginx-1", "shop.lab", "127.0.0.1", "localhost"} <= set(certificate.names)
    assert len(certificate.names) == len(set(certificate.names))


def test_the_limiter_reads_rates_as_data() -> None:
    rates = json.loads(file("limits.json", limits={"client": "10/s"}))
    assert rates["tiers"]["client"] == {"requests": 10, "seconds": 1}
    assert rates["tiers"]["anonymous"] == {"requests": 60, "seconds": 60}
    assert rates["endpoints"] == {"/login": {"requests": 5, "seconds": 60}}


def test_the_token_key_is_a_file_and_nowhere_else() -> None:
    carriers = [f.path for f in planned("nginx-1").files if f.secrets]
    assert carriers == ["secrets/app/token-key"]


def test_every_change_is_taken_up_while_it_runs() -> None:
    assert edge().reload is not None
    assert all(f.reloads for f in planned("nginx-1").files)


def test_waiting_bodies_have_their_own_memory() -> None:
    small, large = edge(body_mb=8), edge(body_mb=100)
    assert large.tmpfs == (Tmpfs("/tmp", 800),)  # noqa: S108
    assert large.limits.memory - small.limits.memory == 8 * (100 - 8)


def test_it_outlives_the_longest_answer_when_it_stops() -> None:
    stop = edge(timeout=60).stop
    assert stop.signal == "SIGQUIT"
    shutdown = re.search(r"worker_shutdown_timeout (\d+)s;", file("nginx.conf", timeout=60))
    assert shutdown
    assert 60 < int(shutdown[1]) < stop.seconds


def test_no_query_reaches_the_log() -> None:
    formats = file("nginx.conf").split("log_format")[1].split(";")[0]
    assert "$uri" in formats
    for leak in ("$request_uri", '$request"', "$args", "$http_authorization", "$http_cookie", "$http_referer"):
        assert leak not in formats


def test_upstreams_are_verified() -> None:
    conf = file("routes.conf")
    assert "proxy_ssl_verify on;" in conf
    assert "set $edge_certified api;" in conf
    assert "http://" not in conf.split("server_name")[1]


def test_a_request_that_reached_a_server_is_not_sent_twice() -> None:
    assert "proxy_next_upstream error timeout;" in file("nginx.conf")


def test_on_another_port_the_redirect_names_it() -> None:
    assert "return 308 https://localhost:8443$request_uri;" in file("routes.conf")
    assert "return 308 https://localhost$request_uri;" in file("routes.conf", publish={"https": "127.0.0.1:443"})


def test_a_laptop_is_not_pinned_to_https() -> None:
    assert 'Strict-Transport-Security "max-age=0' in file("headers.conf")
    assert 'Strict-Transport-Security "max-age=864000;' in file("headers.conf", hsts=10)


def test_other_sites_may_call_only_when_declared() -> None:
    assert "Access-Control" not in file("headers.conf")
    assert "https://pages.example.com $http_origin;" in file("maps.conf", allowed_origins=["https://pages.example.com"])


def test_addresses_are_believed_only_from_declared_proxies() -> None:
    assert "set_real_ip_from" not in file("nginx.conf")
    assert "set_real_ip_from 192.0.2.0/24;" in file("nginx.conf", proxies=["192.0.2.0/24"])


def test_each_exporter_asks_its_own_member_over_verified_tls() -> None:
    local = SHOP["hosts"]["local"]
    hosts = {f"host-{n}": {**local, "address": f"192.0.2.{n}", "engine": f"ssh://ops@host-{n}"} for n in (1, 2, 3)}
    for number in (1, 2):
        exporter = planned(f"nginx-exporter-{number}", hosts=hosts, services__nginx={"members": 2})
        assert f"--nginx.scrape-uri=https://nginx-{number}:" in text(exporter, "arguments")
        assert "--nginx.ssl-ca-cert=" in text(exporter, "arguments")
