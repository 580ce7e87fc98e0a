"""Everything declared is scraped, and up."""

from basalt.collect import rules
from basalt.operations.status import look
from tests.live.project import Project
from tests.live.prometheus import ask
from tests.waiting import until


def targets_up(project: Project) -> bool:
    """Every declared target is asked, and answers. AssertionError with the last errors otherwise."""
    declared = {instance.name for _, instance in project.plan.site.scrapes()}
    targets = ask(project, "targets?state=active")["activeTargets"]
    assert {target["labels"]["instance"] for target in targets} == declared
    sick = {target["labels"]["instance"]: target["lastError"] for target in targets if target["health"] != "up"}
    assert sick == {}
    return True


def test_every_declared_target_is_up(project: Project) -> None:
    assert len(list(project.plan.site.scrapes())) > 15
    until(lambda: targets_up(project), "all targets up", 180, every=2)  # certificates are looked at every two minutes


def test_every_rule_is_evaluated_and_an_idle_stack_is_silent(project: Project) -> None:
    declared = {*rules.names(project.plan.topology.services)}

    def told() -> bool:
        found = [rule for group in ask(project, "rules")["groups"] for rule in group["rules"]]
        assert {rule["name"] for rule in found if rule["type"] == "alerting"} == declared
        assert {rule["name"]: rule.get("lastError") for rule in found if rule["health"] != "ok"} == {}
        labels = [alert["labels"] for rule in found for alert in rule.get("alerts", ()) if alert["state"] == "firing"]
        assert {(label["alertname"], label.get("subject")) for label in labels} == {("Watchdog", None)}
        return True

    try:
        until(told, "every rule evaluated, only the watchdog firing", 90, every=2)
    except AssertionError as error:
        error.add_note(project.basalt("logs", "--level", "fatal", "--since", "20m").stdout)
        raise


def test_every_service_tells_how_it_is(project: Project) -> None:
    def silent() -> bool:
        assert [
            f"{line.service}: {line.title}" for line in look(project.topology).lines if line.told == "no data"
        ] == []
        return True

    until(silent, "every row of basalt status", 120, every=2)


def test_the_database_is_seen(project: Project) -> None:
    def primaries() -> bool:
        found = ask(project, "query?query=sum(patroni_primary)")["result"]
        return bool(found) and found[0]["value"][1] == "1"

    until(primaries, "one primary in the metrics", 60, every=2)
