"""What is written out of the code is what the code says: CATALOG.md, and the pictures between their marks.

After a wanted change: python -m tests.docs.test_documents, and commit what it writes."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner

from basalt import services
from basalt.cli import app
from basalt.collect import checks, dashboards, rules, status
from basalt.collect.catalogue import catalogue
from basalt.collect.pictures import hosts, links
from basalt.collect.settings import settings
from basalt.plan import survey
from basalt.site import Site
from basalt.topology.load import load_stack
from basalt.topology.model import Topology

ROOT = Path(__file__).parent.parent.parent

#: (document, stack, what is drawn)
PICTURES = (
    ("README.md", "dev", "links"),
    ("docs/ARCHITECTURE.md", "dev", "links"),
    ("docs/ARCHITECTURE.md", "prod-iad", "hosts"),
)
_DRAWS: dict[str, Callable[[Site], str]] = {"links": links, "hosts": hosts}


def site(stack: str) -> Site:
    return survey(load_stack(ROOT, stack))


def marked(stack: str, what: str) -> tuple[str, str]:
    """The lines before and after a picture."""
    return f"<!-- basalt picture --stack {stack}{' --hosts' if what == 'hosts' else ''} -->", "<!-- end of picture -->"


def with_picture(text: str, stack: str, what: str) -> str:
    """A document with the picture of now between its marks. AssertionError where it has no such marks."""
    first, last = marked(stack, what)
    drawn = f"{first}\n\n```mermaid\n{_DRAWS[what](site(stack))}\n```\n\n{last}"
    made, times = re.subn(f"{re.escape(first)}.*?{re.escape(last)}", lambda _: drawn, text, flags=re.DOTALL)
    assert times == 1, f"{first} is there {times} times"
    return made


@pytest.mark.parametrize(("document", "stack", "what"), PICTURES)
def test_pictures_are_drawn_from_the_plan(document: str, stack: str, what: str) -> None:
    text = (ROOT / document).read_text()
    assert with_picture(text, stack, what) == text


@pytest.mark.parametrize("document", ["README.md", "docs/ARCHITECTURE.md"])
def test_no_picture_is_drawn_by_hand(document: str) -> None:
    drawn = sum(1 for name, _, _ in PICTURES if name == document)
    assert (ROOT / document).read_text().count("```mermaid") == drawn


def test_the_catalogue_is_what_the_code_says() -> None:
    assert catalogue(site("dev")) == (ROOT / "CATALOG.md").read_text()


def test_the_catalogue_has_everything_there_is() -> None:
    text = (ROOT / "CATALOG.md").read_text()
    for name in services.names():
        part = text.partition(f"\n## {name}\n")[2].partition("\n## ")[0]
        wanted = [f"| `{one.path}` |" for one in settings(services.settings_type(name))]
        wanted += [f"| [{alert}](basalt/services/{name}/runbook.md#" for alert in rules.names([name])]
        wanted += [f"| {row.title} |" for row in status.rows(name)]
        wanted += [f"| {check.id} | {check.title} |" for check in checks.checks(name)]
        wanted += [f"| {panel.title} |" for panel in dashboards.read(name)]
        wanted += [f"| `{i.workload.name}` |" for i in site("dev").instances if i.service == name]
        assert [one for one in wanted if one not in part] == [], name


@pytest.mark.parametrize("service", [*services.names(), "the topology"])
def test_every_setting_says_what_it_means(service: str) -> None:
    kind = Topology if service == "the topology" else services.settings_type(service)
    assert [one.path for one in settings(kind) if not one.description and one.path != "name"] == []


def test_the_commands_print_the_same() -> None:
    told = CliRunner().invoke(app, ["catalogue", "--stack", "dev"]).stdout
    assert told == (ROOT / "CATALOG.md").read_text()
    assert CliRunner().invoke(app, ["picture", "--stack", "dev"]).stdout == links(site("dev")) + "\n"
    drawn = CliRunner().invoke(app, ["picture", "--stack", "prod-iad", "--hosts"]).stdout
    assert drawn == hosts(site("prod-iad")) + "\n"


def write() -> None:
    """Replaces what is committed by what is made now."""
    (ROOT / "CATALOG.md").write_text(catalogue(site("dev")))
    for document, stack, what in PICTURES:
        path = ROOT / document
        path.write_text(with_picture(path.read_text(), stack, what))


if __name__ == "__main__":
    write()
