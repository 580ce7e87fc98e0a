"""What auditors say is read right, and what still fails has a reason that is written down."""

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
import yaml

from bench.hardening import docker_bench, lynis, openscap

ROOT = Path(__file__).parent.parent.parent
RESULTS = ROOT / "bench" / "hardening.json"
FOUND: dict[str, Any] = json.loads(RESULTS.read_text()) if RESULTS.exists() else {}
REASONS: dict[str, Any] = yaml.safe_load((ROOT / "ansible" / "audits" / "reasons.yml").read_text())
measured = pytest.mark.skipif(not {"bare", "basalt"} <= FOUND.keys(), reason="not measured: python -m bench.hardening")


def failed(auditor: str) -> set[str]:
    ours = FOUND["basalt"][auditor]
    if auditor == "openscap":
        return set(ours["failed"])
    return {line.split()[0] for line in (*ours["warnings"], *ours.get("suggestions", ()))}


def explained(auditor: str) -> list[str]:
    return [rule for entry in REASONS.get(auditor, []) for rule in entry["rules"]]


@measured
@pytest.mark.parametrize("auditor", ["lynis", "openscap", "docker_bench"])
def test_every_rule_that_fails_has_a_reason_and_no_reason_is_stale(auditor: str) -> None:
    assert set(explained(auditor)) == failed(auditor)


@pytest.mark.parametrize("auditor", REASONS)
def test_a_rule_has_one_reason(auditor: str) -> None:
    assert [rule for rule, times in Counter(explained(auditor)).items() if times > 1] == []
    assert all(entry["reason"].strip() for entry in REASONS[auditor])


@measured
def test_a_prepared_host_is_what_the_goal_says() -> None:
    ours = FOUND["basalt"]
    assert ours["lynis"]["index"] >= 85
    assert ours["lynis"]["index"] > FOUND["bare"]["lynis"]["index"]
    assert ours["openscap"]["passed_of_100"] > FOUND["bare"]["openscap"]["passed_of_100"]
    assert ours["docker_bench"]["score"] > FOUND["bare"]["docker_bench"]["score"]
    assert ours["ssh_audit"] == {"fail": [], "warn": []}
    assert ours["second"]["changed"] == ours["third"]["changed"] == 0
    assert ours["after_boot"]["variables_otherwise"] == ours["after_boot"]["audit_rules_missing"] == []


def test_a_report_of_lynis_is_read() -> None:
    report = "hardening_index=56\nsuggestion[]=DEB-0280|Install it|-|-|\nwarning[]=KRNL-5830|Reboot||text:reboot|\n"
    assert lynis(report) == {"index": 56, "warnings": ["KRNL-5830 Reboot"], "suggestions": ["DEB-0280 Install it"]}


def test_an_evaluation_of_openscap_is_read() -> None:
    # A carriage return stands before each tab.
    rule = "Title\r\tA title\nRule\r\txccdf_org.ssgproject.content_rule_{}\nIdent\r\tCCE-1\nResult\r\t{}\n\n"
    output = "".join(
        rule.format(*each) for each in (("a", "pass"), ("b", "fail"), ("c", "notapplicable"), ("d", "pass"))
    )
    assert openscap(output) == {
        "passed_of_100": 67,
        "rules": {"fail": 1, "notapplicable": 1, "pass": 2},
        "failed": ["b"],
    }


def test_a_report_of_docker_bench_is_read() -> None:
    rows = [{"id": f"1.{n}", "desc": "A check", "result": result} for n, result in enumerate(("PASS", "WARN", "PASS"))]
    report = json.dumps({"tests": [{"results": rows[:1]}, {"results": rows[1:]}], "checks": 3, "score": 1})
    assert docker_bench(report) == {"score": 1, "checks": {"PASS": 2, "WARN": 1}, "warnings": ["1.1 A check"]}
