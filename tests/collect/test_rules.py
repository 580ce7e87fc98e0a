"""Rules of every service, as the stack wants them; what would help nobody is refused."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from basalt import services
from basalt.collect import rules
from basalt.plan import Plan, plan
from basalt.topology.problem import StackError
from tests.promtool import run
from tests.stacks import DATABASE, raw, topology

GOOD: dict[str, Any] = {
    "alert": "MailStuck",
    "expr": "mail_waiting > 9",
    "labels": {"severity": "warning"},
    "annotations": {"summary": "Mail waits", "description": "Users wait for it."},
}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of a service `mail`, which stands for every service."""
    monkeypatch.setattr(services, "folder", lambda name: tmp_path)
    return tmp_path


def declare(folder: Path, *declared: dict[str, Any], runbook: str = "# mail\n\n## MailStuck\n\nLook.\n") -> None:
    (folder / "alerts.yml").write_text(yaml.safe_dump({"groups": [{"name": "mail", "rules": list(declared)}]}))
    (folder / "runbook.md").write_text(runbook)


def collected(overrides: rules.Overrides | None = None) -> list[dict[str, Any]]:
    texts = dict(rules.files(["mail"], overrides or {}, "https://example.com/runbooks"))
    return [rule for text in texts.values() for rule in yaml.safe_load(text)["groups"][0]["rules"]]


def test_an_alert_says_whose_it_is_and_where_help_is(folder: Path) -> None:
    declare(folder, GOOD)
    (rule,) = collected()
    assert rule["labels"] == {"service": "mail", "severity": "warning"}
    assert rule["annotations"]["runbook"] == "https://example.com/runbooks/mail/runbook.md#mailstuck"
    assert rule["expr"] == GOOD["expr"]


def test_an_alert_about_others_says_itself_whose_it_is(folder: Path) -> None:
    declare(folder, {**GOOD, "labels": {"severity": "warning", "service": "{{ $labels.service }}"}})
    assert collected()[0]["labels"]["service"] == "{{ $labels.service }}"


def test_a_recording_rule_stays_as_it_is(folder: Path) -> None:
    record = {"record": "service:mail:rate5m", "expr": "sum(rate(mail_total[5m]))"}
    declare(folder, record, GOOD)
    assert collected({"MailStuck": None}) == [record]


def test_a_stack_changes_severity_and_patience(folder: Path) -> None:
    declare(folder, {**GOOD, "for": "5m"})
    (rule,) = collected({"MailStuck": {"severity": "info", "for": "1h"}})
    assert (rule["labels"]["severity"], rule["for"]) == ("info", "1h")
    (rule,) = collected({"MailStuck": {"severity": "info"}})
    assert (rule["labels"]["severity"], rule["for"]) == ("info", "5m")


def test_a_service_without_rules_left_has_no_file(folder: Path) -> None:
    declare(folder, GOOD)
    assert collected({"MailStuck": None}) == []
    (folder / "alerts.yml").unlink()
    rules.read.cache_clear()
    assert collected() == []


@pytest.mark.parametrize(
    ("wrong", "remedy"),
    [
        ({"labels": {}}, "severity None tells nobody how soon to look"),
        ({"labels": {"severity": "urgent"}}, "write one of critical, warning, info, none"),
        ({"expr": "sum(mail_waiting"}, "'sum.mail_waiting' is no PromQL: unclosed"),
        ({"annotations": {"description": "Users wait."}}, "it has no summary"),
        ({"annotations": {"summary": "Mail waits", "description": ""}}, "it has no description"),
    ],
)
def test_an_alert_that_says_too_little_is_refused(folder: Path, wrong: dict[str, Any], remedy: str) -> None:
    declare(folder, {**GOOD, **wrong})
    with pytest.raises(rules.RuleError, match=f"alerts.yml: MailStuck: .*{remedy}"):
        collected()


def test_an_alert_that_helps_nobody_is_refused(folder: Path) -> None:
    declare(folder, GOOD, runbook="# mail\n\n### MailStuck\n")
    with pytest.raises(rules.RuleError, match=r"MailStuck: .*add a heading `## MailStuck` to runbook\.md"):
        collected()


WATCHED = raw(DATABASE, services__monitoring={})


def texts(made: Plan) -> dict[str, str]:
    return {f.path: f.text for p in made.planned if p.instance.name == "prometheus-1" for f in p.files}


def alerts(made: Plan) -> dict[str, dict[str, Any]]:
    documents = [yaml.safe_load(text) for path, text in texts(made).items() if path.startswith("rules/")]
    declared = [rule for document in documents for group in document["groups"] for rule in group["rules"]]
    return {rule["alert"]: rule for rule in declared if "alert" in rule}


def test_prometheus_reads_the_rules_of_the_services_that_the_stack_has() -> None:
    made = plan(topology(WATCHED))
    named = yaml.safe_load(texts(made)["prometheus.yml"])["rule_files"]
    assert named == [f"rules/{name}.yml" for name in ("etcd", "haproxy", "monitoring", "pgbouncer", "postgres")]
    assert set(named) <= set(texts(made))


def test_a_new_rule_is_a_reload() -> None:
    (files,) = [p.files for p in plan(topology(WATCHED)).planned if p.instance.name == "prometheus-1"]
    assert all(file.reloads for file in files if file.path.startswith("rules/"))


def test_the_stack_file_switches_off_and_softens() -> None:
    own = {"EtcdNoLeader": False, "PatroniPaused": "off", "TargetDown": {"severity": "info", "for": "1h"}}
    found = alerts(plan(topology(WATCHED, services__monitoring={"alerts": own, "runbooks": "https://example.com"})))
    assert {"EtcdNoLeader", "PatroniPaused"}.isdisjoint(found)
    assert (found["TargetDown"]["labels"]["severity"], found["TargetDown"]["for"]) == ("info", "1h")
    assert found["Watchdog"]["annotations"]["runbook"] == "https://example.com/monitoring/runbook.md#watchdog"


@pytest.mark.parametrize(
    ("own", "told"),
    [
        ({"EtcdNoLeadr": "off"}, "alerts.EtcdNoLeadr: .*no service of this stack has it; did you mean EtcdNoLeader"),
        ({"RedisNoMaster": "off"}, "alerts.RedisNoMaster: .*no service of this stack has it"),
        ({"Qwxyz": "off"}, "their names are in basalt/services"),
        ({"EtcdNoLeader": {"severity": "urgent"}}, "alerts.EtcdNoLeader.*'urgent'"),
        ({"EtcdNoLeader": {"for": "soon"}}, "alerts.EtcdNoLeader.*'soon'"),
        ({"EtcdNoLeader": {"expr": "1"}}, "alerts.EtcdNoLeader.*unknown key"),
    ],
)
def test_what_cannot_be_changed_so_is_refused(own: dict[str, Any], told: str) -> None:
    with pytest.raises(StackError, match=rf"services\.monitoring\..*{told}"):
        topology(WATCHED, services__monitoring={"alerts": own})


def test_prometheus_reads_what_was_collected(tmp_path: Path) -> None:
    for path, text in texts(plan(topology(WATCHED))).items():
        (tmp_path / path).parent.mkdir(exist_ok=True)
        (tmp_path / path).write_text(text)
    run("check", "config", "--syntax-only", "prometheus.yml", folder=tmp_path)
    run("check", "rules", *(str(path) for path in tmp_path.glob("rules/*.yml")), folder=tmp_path)
