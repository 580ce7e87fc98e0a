"""Alertmanager: what it is told, checked by its own tool in its image."""

import json
import re
import subprocess
from collections.abc import Callable
from typing import Any

import pytest
import yaml

from basalt.images import reference
from basalt.operations import overview
from basalt.operations.build import build
from basalt.plan import Plan, plan
from basalt.topology.load import load
from basalt.workload import SecretRef
from tests.stacks import ONE_HOST, THREE_HOSTS, raw

GIVEN = ("key", "hook", "smtp")
MAIL = {
    "to": ["ops@example.com", "boss@example.com"],
    "from": "basalt@example.com",
    "smarthost": "smtp.example.com:587",
}
EVERY_WAY: dict[str, Any] = {
    "mail": {"email": {**MAIL, "username": "basalt", "secret": "smtp"}},
    "relay": {"email": MAIL},
    "chat": {"slack": {"secret": "hook", "channel": "#alerts"}},
    "game": {"discord": {"secret": "hook"}},
    "page": {"pagerduty": {"secret": "key"}},
    "robot": {"webhook": {"url": "https://robot.example.com/alerts?from=basalt"}},
    "quiet": {"webhook": {"secret": "hook"}, "slack": {"secret": "hook"}},
}
ROUTES = {
    "critical": {"receiver": "page", "escalate": {"receiver": "mail", "after": "20m"}},
    "warning": "chat",
    "info": "game",
    "none": {"receiver": "robot", "repeat_interval": "5m"},
}
ESCALATES = {
    "receivers": {name: EVERY_WAY[name] for name in ("page", "mail", "chat", "game", "robot")},
    "routes": ROUTES,
}


def made(base: dict[str, Any] = ONE_HOST, **settings: Any) -> Plan:
    return plan(load("lab", raw(base, services__alertmanager=settings), given=GIVEN))


def files(found: Plan, instance: str = "alertmanager-1") -> dict[str, str]:
    return {f.path: f.text for p in found.planned if p.instance.name == instance for f in p.files}


def config(found: Plan) -> dict[str, Any]:
    read: dict[str, Any] = yaml.safe_load(files(found)["alertmanager.yml"])
    return read


@pytest.fixture(scope="module")
def amtool(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., str]:
    """Asks Alertmanager's own judge, that of the image, about a plan: the arguments name the configuration
    /dev/stdin. AssertionError with all that it says where it refuses."""
    build(["alertmanager"], tmp_path_factory.mktemp("logs"), print)
    command = ["docker", "run", "--rm", "--interactive", "--network=none", reference("alertmanager"), "amtool"]

    def ask(plan: Plan, *arguments: str) -> str:
        told = files(plan)["alertmanager.yml"]
        done = subprocess.run([*command, *arguments], input=told, text=True, capture_output=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    return ask


@pytest.mark.live
@pytest.mark.parametrize("name", sorted(EVERY_WAY))
def test_alertmanager_accepts_every_way_of_telling(name: str, amtool: Callable[..., str]) -> None:
    plan = made(receivers={name: EVERY_WAY[name]})
    assert "2 receivers" in amtool(plan, "check-config", "/dev/stdin")


@pytest.mark.live
def test_alertmanager_accepts_silences_and_a_stack_without_receivers(amtool: Callable[..., str]) -> None:
    silences = [
        {"matchers": {"service": 'a"b\\c'}, "until": "2031-03-31", "comment": "it's moved: #12"},
        {
            "matchers": {"host": "data-1"},
            "weekly": {"days": ["sunday"], "from": "22:00", "to": "04:00"},
            "comment": "x",
        },
    ]
    amtool(made(silences=silences), "check-config", "/dev/stdin")


@pytest.mark.live
@pytest.mark.parametrize(
    ("labels", "receivers"),
    [
        (("severity=critical", "alertname=A"), "page,mail"),
        (("severity=warning",), "chat"),
        (("severity=info",), "game"),
        (("severity=none", "alertname=Watchdog"), "robot"),
        (("alertname=WithoutSeverity",), "page"),
    ],
)
def test_alerts_go_where_their_severity_leads(
    labels: tuple[str, ...], receivers: str, amtool: Callable[..., str]
) -> None:
    asked = ("config", "routes", "test", "--config.file=/dev/stdin", *labels)
    assert amtool(made(**ESCALATES), *asked).strip() == receivers


def test_who_is_told_later_is_told_only_what_is_not_resolved() -> None:
    now, later = config(made(**ESCALATES))["route"]["routes"][:2]
    assert (now["receiver"], now["continue"], "group_wait" in now) == ("page", True, False)
    assert (later["receiver"], later["group_wait"]) == ("mail", "20m")
    # What joins a group that was told already waits as long.
    assert later["group_interval"] == "20m"


def test_a_repetition_is_remembered_until_it_is_due() -> None:
    assert "--data.retention=120h" in files(made())["arguments"]
    assert "--data.retention=336h" in files(made(repeat_interval="7d"))["arguments"]


def test_without_receivers_everything_is_dropped_and_people_are_told_so() -> None:
    found = made()
    assert {route["receiver"] for route in config(found)["route"]["routes"]} == {"nobody"}
    workload = found.site.of("alertmanager")[0].workload
    assert "sent to nobody" in workload.publish[0].note
    assert overview.notes(found.topology) == [f"alertmanager: {workload.note}"]
    assert overview.notes(made(receivers={"chat": EVERY_WAY["chat"]}).topology) == []


def test_where_nothing_is_routed_the_first_receiver_is_told_and_small_talk_goes_to_nobody() -> None:
    routes = config(made(receivers={"chat": EVERY_WAY["chat"]}))["route"]["routes"]
    told = {route["matchers"][0]: route["receiver"] for route in routes}
    assert told == {
        'severity="critical"': "chat",
        'severity="warning"': "chat",
        'severity="info"': "nobody",
        'severity="none"': "nobody",
    }


def test_secrets_are_files_and_no_secret_is_in_the_configuration() -> None:
    receivers = {"quiet": EVERY_WAY["quiet"]}
    found = files(made(receivers=receivers))
    assert found["secrets/given/hook"] == str(SecretRef("given/hook"))
    assert not SecretRef.find(found["alertmanager.yml"])
    assert "url_file: /etc/basalt/secrets/given/hook" in found["alertmanager.yml"]


def test_no_alert_mutes_another_by_a_label_that_both_lack() -> None:
    for rule in config(made())["inhibit_rules"]:
        for side in ("source_matchers", "target_matchers"):
            told = " ".join(rule[side])
            assert all(f'{label}=~".+"' in told or 'subject=""' in told for label in rule["equal"])


def holds(matcher: str, labels: dict[str, str]) -> bool:
    found = re.fullmatch(r'(\w+)(=|!=|=~|!~)"(.*)"', matcher)
    assert found is not None
    value, wanted = labels.get(found[1], ""), found[3]
    same = bool(re.fullmatch(wanted, value)) if "~" in found[2] else value == wanted
    return same != found[2].startswith("!")


def mutes(source: dict[str, str], target: dict[str, str], rules: list[dict[str, Any]]) -> bool:
    """As Alertmanager decides (inhibit/inhibit.go): who is on both sides of a rule is not muted by its like."""

    def by(rule: dict[str, Any]) -> bool:
        def on(side: str, labels: dict[str, str]) -> bool:
            return all(holds(matcher, labels) for matcher in rule[f"{side}_matchers"])

        alike = on("source", target) and on("target", source)
        equal = all(source.get(label, "") == target.get(label, "") for label in rule["equal"])
        return on("source", source) and on("target", target) and equal and not alike

    return any(by(rule) for rule in rules)


def test_no_two_alerts_mute_each_other() -> None:
    rules = config(made())["inhibit_rules"]
    about = [{}, {"host": "a"}, {"host": "a", "workload": "w"}, {"host": "a", "workload": "w", "subject": "w-1"}]
    alerts = [
        {"alertname": "A", "severity": severity, "inhibits": inhibits, **labels}
        for severity in ("critical", "warning", "info", "none")
        for inhibits in ("", "subject", "workload", "host")
        for labels in about
    ]
    pairs = [(one, other) for one in alerts for other in alerts if mutes(one, other, rules)]
    assert pairs
    assert not [(one, other) for one, other in pairs if mutes(other, one, rules)]


def test_who_explains_others_mutes_them_and_is_told() -> None:
    rules = config(made())["inhibit_rules"]
    down = {"alertname": "TargetDown", "severity": "warning", "subject": "api-1", "host": "a", "inhibits": "subject"}
    slow = {"alertname": "Slow", "severity": "critical", "subject": "api-1", "host": "a"}
    gone = {"alertname": "HostDown", "severity": "critical", "host": "a", "inhibits": "host"}
    assert mutes(down, slow, rules)
    assert not mutes(slow, down, rules)
    assert mutes(gone, down, rules)
    assert not mutes(gone, {**slow, "host": "b"}, rules)


def test_one_member_talks_to_no_other() -> None:
    found = made()
    assert "--cluster.listen-address=\n" in files(found)["arguments"]
    assert set(found.site.of("alertmanager")[0].workload.ports) == {"web"}


def test_members_on_several_hosts_gossip_over_mutual_tls() -> None:
    found = made(THREE_HOSTS, members=3)
    assert len({instance.host for instance in found.site.of("alertmanager")}) == 3
    arguments = files(found, "alertmanager-2")["arguments"].splitlines()
    assert [a for a in arguments if "peer" in a] == [f"--cluster.peer=alertmanager-{n}:9094" for n in (1, 3)]
    own = found.site.ip(found.site.of("alertmanager")[1])
    assert f"--cluster.advertise-address={own}:9094" in arguments
    gossip = yaml.safe_load(files(found)["gossip.yml"])
    assert gossip["tls_server_config"]["client_auth_type"] == "RequireAndVerifyClientCert"
    assert gossip["tls_client_config"]["server_name"] == "alertmanager"
    assert "gossip" in found.site.used_ports(found.site.of("alertmanager")[0])


def test_who_evaluates_rules_sends_to_every_member() -> None:
    base = raw(THREE_HOSTS, services__monitoring={})
    found = made(base, members=2)
    told = yaml.safe_load(files(found, "prometheus-1")["prometheus.yml"])["alerting"]["alertmanagers"]
    members = found.site.of("alertmanager")
    assert [group["static_configs"][0]["targets"] for group in told] == [[found.site.dial(m, "web") for m in members]]
    assert told[0]["scheme"] == "https"
    assert told[0]["tls_config"] == {"ca_file": "/etc/basalt/tls/stack/ca.crt", "server_name": "alertmanager"}


def test_without_alertmanager_no_alert_is_sent() -> None:
    found = plan(load("lab", raw(ONE_HOST, services__monitoring={})))
    assert "alerting" not in yaml.safe_load(files(found, "prometheus-1")["prometheus.yml"])


def test_it_is_published_in_dev_and_not_where_people_depend_on_it() -> None:
    def published(base: dict[str, Any], **settings: Any) -> list[tuple[str, int]]:
        workload = made(base, **settings).site.of("alertmanager")[0].workload
        return [(p.address, p.number) for p in workload.publish]

    assert published(ONE_HOST) == [("127.0.0.1", 9093)]
    assert published(ONE_HOST, publish=None) == []
    assert published(THREE_HOSTS) == []
    assert published(THREE_HOSTS, publish="192.0.2.11:9093") == [("192.0.2.11", 9093)]


def test_settings_are_written_as_data() -> None:
    hostile = {"chat": {"slack": {"secret": "hook", "channel": "#a\n  - name: other"}}}
    read = config(made(receivers=hostile))
    assert [receiver["name"] for receiver in read["receivers"]] == ["nobody", "chat"]
    assert json.dumps(read["receivers"][1]["slack_configs"][0]["channel"]) == '"#a\\n  - name: other"'
