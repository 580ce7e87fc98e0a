"""A service is added by folders and a block: no file that was there before is edited."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent

SETTINGS = '''
"""Mail."""
from basalt.topology.model import Settings as Base

class Settings(Base):
    """`services.mail`"""
    members: int = 1
'''

PLAN = '''
"""Mail."""
from basalt.workload import Endpoint, File, Limits, Port, Probe, Scrape, Tier, Workload

def workloads(settings, topology):
    yield Workload(
        name="mail", image="mail", command=("mail",), count=settings.members, tier=Tier.APP,
        ports={"smtp": Port(2525), "metrics": Port(9925, "https")}, limits=Limits(memory=64),
        probe=Probe(("true",)), scrapes=(Scrape(),), uses=(Endpoint("redis", "data"),),
    )

def files(instance, site):
    yield File("mail.conf", site.render("mail/mail.conf.j2", redis=site.addresses("redis.data", instance)))
'''

ALERTS = """
groups:
  - name: mail
    rules:
      - alert: MailStuck
        expr: mail_waiting > 9
        labels: {severity: warning}
        annotations: {summary: "{{ $labels.subject }} keeps mail", description: Users wait for it.}
"""

CHECKS = """
- id: age
  title: mail leaves within a minute
  query: max by (subject) (mail_age_seconds)
  of: mail
  unit: seconds
  at_most: 60
  remedy: look at its log
  runbook: MailStuck
"""

DASHBOARD = '''
"""Mail."""
from basalt.collect.panels import Unit, trend

def panels():
    yield trend("waiting", "Mail that users wait for.", Unit.COUNT, {"{{subject}}": "mail_waiting"})
'''

PROGRAM = """
import sys
from pathlib import Path
from basalt.topology.load import load_stack
from basalt.checklist.metrics import queries
from basalt.collect import dashboards
from basalt.collect.catalogue import catalogue
from basalt.collect.inventory import inventory
from basalt.collect.pictures import links
from basalt.plan import plan
from tests.mocks import program
topology = load_stack(Path("."), "dev")
made = plan(topology)
assert [i.name for i in made.site.of("mail")] == ["mail-1", "mail-2"]
texts = {p.instance.name: p.files for p in made.planned}
assert "redis-1:6379" in texts["mail-1"][0].text
assert any("instance: mail-2" in file.text for file in texts["prometheus-1"]), "not monitored"
assert inventory(topology).members["service_mail"] == ("local",), "unknown to Ansible"
assert any("MailStuck" in file.text for file in texts["prometheus-1"]), "no alert"
assert "max by (subject) (mail_age_seconds)" in queries(topology.services), "not measured"
assert "| age | mail leaves within a minute | at most 1.0 min | fails |" in catalogue(made.site), "not in the catalogue"
assert 'w-mail["mail (2)"]' in links(made.site), "not drawn"
drawn = dict(dashboards.files(topology.services))
assert all("mail_waiting" in drawn[name] for name in ("mail.json", "overview.json", "week.json")), "not drawn"
names = {(r.type, r.name) for r in program(topology)}
assert ("docker:index/container:Container", "mail-2") in names
assert ("pulumi-python:dynamic/basalt:Files", "mail-1-files") in names
"""


@pytest.mark.slow
def test_a_new_service_appears_everywhere_and_no_old_file_is_edited(tmp_path: Path) -> None:
    for name in ("basalt", "templates", "images", "stacks", "tests", "tools", "app"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__", "node_modules"))
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    for name, text in {
        "basalt/services/mail/__init__.py": "",
        "basalt/services/mail/settings.py": SETTINGS,
        "basalt/services/mail/plan.py": PLAN,
        "basalt/services/mail/alerts.yml": ALERTS,
        "basalt/services/mail/checks.yml": CHECKS,
        "basalt/services/mail/dashboard.py": DASHBOARD,
        "basalt/services/mail/runbook.md": "# mail\n\n## MailStuck\n",
        "templates/mail/mail.conf.j2": "{% for one in redis %}{{ one }}\n{% endfor %}",
        "images/mail/Dockerfile": "ARG BASE\nFROM ${BASE}\n",
    }.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    stack = tmp_path / "stacks" / "Pulumi.dev.yaml"
    stack.write_text(before[stack].decode().replace("    services:\n", "    services:\n      mail: {members: 2}\n"))
    command = [sys.executable, "-c", PROGRAM]
    done = subprocess.run(command, cwd=tmp_path, text=True, capture_output=True, check=False, env={"PYTHONPATH": "."})
    assert done.returncode == 0, done.stderr
    changed = {path for path, data in before.items() if path.read_bytes() != data}
    assert changed == {stack}
