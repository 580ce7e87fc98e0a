"""A picture shows who uses what, and what stands where."""

from basalt.collect.pictures import hosts, links
from basalt.plan import survey
from tests.stacks import DATABASE, THREE_HOSTS, raw, topology

WATCHED = raw(DATABASE, services__monitoring={}, services__alertmanager={}, services__node={}, services__blackbox={})
SHOP = raw(DATABASE, services__redis={}, services__app={}, services__nginx={})


def test_an_arrow_tells_what_a_workload_uses_of_another() -> None:
    drawn = links(survey(topology(DATABASE)))
    assert "  w-pgbouncer -- read, write --> w-haproxy\n" in drawn
    assert '    w-postgres["postgres (3)"]\n' in drawn


def test_where_all_of_a_tier_use_the_same_the_tier_stands_for_them() -> None:
    drawn = links(survey(topology(SHOP)))
    assert "  app -- sql --> w-pgbouncer\n" in drawn
    assert "w-api -- sql" not in drawn


def test_people_come_by_the_edge_and_its_routes() -> None:
    drawn = links(survey(topology(SHOP)))
    assert "  client -- https, http --> w-nginx\n" in drawn
    assert "  w-nginx -- /pay --> w-payment" in drawn


def test_alerts_and_scrapes_are_told_and_those_who_only_look_are_not() -> None:
    drawn = links(survey(topology(WATCHED)))
    assert "  w-prometheus -- alerts --> w-alertmanager" in drawn
    assert "prometheus<br/>scrapes all" in drawn
    assert "  w-grafana -- metrics --> w-prometheus" in links(survey(topology(WATCHED, services__grafana={})))
    for left_out in ("exporter", "blackbox", "postgres-provision"):
        assert left_out not in drawn


def test_hosts_stand_in_their_zones_with_what_they_carry() -> None:
    drawn = hosts(survey(topology(THREE_HOSTS, services__node={})))
    assert '  subgraph zone-b["zone b"]\n    h-data-2["<b>data-2</b> 8 cores, 16 GB<br/>etcd-2"]\n  end\n' in drawn
    assert '  everywhere["<b>on every host</b><br/>node-exporter"]\n' in drawn
    assert drawn.count("node-exporter") == 1
