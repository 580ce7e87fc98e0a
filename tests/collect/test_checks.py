"""What a service says of itself that can be measured; what cannot be used is refused when a stack is loaded."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from basalt import services
from basalt.collect.checks import Check, CheckError, checks, read
from basalt.collect.status import Unit
from basalt.plan import survey
from basalt.topology.load import load, load_stack
from basalt.topology.problem import StackError
from tests.promtool import run
from tests.stacks import ONE_HOST

GOOD: dict[str, Any] = {
    "id": "lag",
    "title": "mail leaves within a minute",
    "query": "max by (subject) (mail_age_seconds)",
    "unit": "seconds",
    "at_most": 60,
    "remedy": "look at its log",
    "runbook": "MailStuck",
}


#: Nothing is wrong with it but that no runbook tells of it.
ALERT = """
groups:
  - rules: [{alert: A, expr: up, labels: {severity: info}, annotations: {summary: s, description: d}}]
"""


def written(folder: Path, *declared: dict[str, Any]) -> Path:
    (folder / "checks.yml").write_text(yaml.safe_dump(list(declared)))
    (folder / "runbook.md").write_text("# mail\n\n## MailStuck\n")
    return folder


def test_a_check_is_a_question_with_bounds_and_a_remedy(tmp_path: Path) -> None:
    (found,) = read(written(tmp_path, GOOD))
    assert found == Check(**{**GOOD, "unit": Unit.SECONDS})
    assert (found.label, found.fails, found.of) == ("subject", "always", None)


def test_a_service_may_have_nothing_to_measure(tmp_path: Path) -> None:
    assert read(tmp_path) == ()


WRONG: dict[str, tuple[dict[str, Any], str]] = {
    "a syntax error": ({"query": "max by (subject (mail_age)"}, r"checks\.yml: lag: '.*' is no PromQL: unclosed"),
    "a function that there is not": ({"query": "maximum(mail_age)"}, "unknown function with name 'maximum'"),
    "a rate of what is no range": ({"query": "rate(mail_total)"}, "expected type matrix"),
    "no query": ({"query": None}, r"checks\.yml: 0\.query: required; add it"),
    "no bound": ({"at_most": None}, r"checks\.yml: 0: .*write at_least, at_most or both"),
    "no remedy": ({"remedy": ""}, r"checks\.yml: 0\.remedy: '': .*at least 1 character"),
    "no chapter of the runbook": ({"runbook": "MailLost"}, "lag: 'MailLost': runbook.md has no such heading; add it"),
    "a word that there is not": ({"alert": "MailStuck"}, r"checks\.yml: 0\.alert: 'MailStuck': "),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_cannot_be_measured_is_refused_with_path_and_remedy(name: str, tmp_path: Path) -> None:
    changes, told = WRONG[name]
    row = {key: value for key, value in {**GOOD, **changes}.items() if value is not None}
    with pytest.raises(CheckError, match=told):
        read(written(tmp_path, row))


def test_an_id_means_one_row(tmp_path: Path) -> None:
    with pytest.raises(CheckError, match="lag: two rows have this id"):
        read(written(tmp_path, GOOD, GOOD))


@pytest.mark.parametrize(
    ("file", "text", "told"),
    [
        ("checks.yml", "- {id: lag", "checks.yml: .*correct the YAML"),
        ("checks.yml", "- {id: lag, query: up}", r"checks\.yml: '0\.title': required; add it"),
        ("status.yml", "- {title: a, query: 'up ==', unit: count}", r"status\.yml: 'a': 'up ==' is no PromQL"),
        ("alerts.yml", "groups: [{rules: [{alert: A, expr: 'up =='}]}]", r"alerts\.yml: 'A': 'up ==' is no PromQL"),
        ("alerts.yml", "groups: [{rules: [{alert: A, expr: up, labels: {severity: info}}]}]", "it has no summary"),
        ("alerts.yml", "groups: [{rules: [{record: 'a:b', expr: 'sum('}]}]", r"alerts\.yml: 'a:b': 'sum\('"),
        ("alerts.yml", "groups: [{rules: [{expr: up}]}]", "it has no name; write alert or record"),
        ("alerts.yml", ALERT, "add a heading `## A` to runbook.md"),
    ],
)
def test_no_stack_is_loaded_with_a_file_that_cannot_be_used(
    file: str, text: str, told: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / file).write_text(text)
    monkeypatch.setattr(services, "folder", lambda name: tmp_path)
    with pytest.raises(StackError, match=f"(?s){told}"):
        load("lab", ONE_HOST)


def test_every_file_that_cannot_be_used_is_told_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    written(tmp_path, {**GOOD, "query": "sum("})
    (tmp_path / "status.yml").write_text("- {title: a, query: 'up ==', unit: miles}")
    monkeypatch.setattr(services, "folder", lambda name: tmp_path)
    with pytest.raises(StackError) as caught:
        load("lab", ONE_HOST)
    told = [(Path(problem.path).name, problem.value) for problem in caught.value.problems]
    assert told == [("status.yml", "0.unit"), ("checks.yml", "lag")]


@pytest.mark.parametrize("service", services.names())
def test_prometheus_reads_its_queries(service: str, tmp_path: Path) -> None:
    """By its own parser: that of the package knows the newest Prometheus, the images' is older."""
    records = [{"record": f"check:{check.id.replace('-', '_')}", "expr": check.query} for check in checks(service)]
    (tmp_path / "rules.yml").write_text(yaml.safe_dump({"groups": [{"name": service, "rules": records}]}))
    run("check", "rules", "--lint-fatal", "rules.yml", folder=tmp_path)


@pytest.mark.parametrize("service", services.names())
def test_its_checks_name_workloads_that_there_are(service: str) -> None:
    stacks = sorted((Path(__file__).parent.parent.parent / "stacks").glob("Pulumi.*.yaml"))
    sites = [survey(load_stack(path.parent.parent, path.name.split(".")[1])) for path in stacks]
    own = [instance.workload for site in sites for instance in site.instances if instance.service == service]
    # Samples of one that stands beside another bear the other's name.
    named = {workload.name for workload in own} | {workload.beside for workload in own}
    assert {check.of for check in checks(service)} - {None} <= named
