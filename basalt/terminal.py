"""What every command of the terminal needs: common options, how it tells, and how a fault that a user can mend ends."""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from basalt.collect.faults import FolderError
from basalt.collect.prices import PriceError
from basalt.images import UnknownImageError
from basalt.operations import database, hosts, login, logs, repository, sla
from basalt.operations.build import BuildError
from basalt.operations.drain.hands import DrainError
from basalt.operations.engines import EngineCertificateError
from basalt.operations.local_state import BusyError
from basalt.operations.metrics import MetricsError
from basalt.operations.off_site.bundle import BundleError
from basalt.operations.pulumi import PulumiError
from basalt.operations.recover import ForeignError
from basalt.operations.restore.run import RestoreError
from basalt.operations.switchover.decide import RefusedError
from basalt.operations.switchover.hands import HandError
from basalt.operations.switchover.switch import SwitchError
from basalt.targets.docker.engine import EngineError
from basalt.topology.problem import StackError

console = Console(soft_wrap=True)
errors = Console(stderr=True, soft_wrap=True)

Stack = Annotated[str, typer.Option("--stack", "-s", help="Which stacks/Pulumi.<stack>.yaml.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON for programs.")]
Repository = Annotated[str | None, typer.Option("--repository", help="Only of this one: local, s3.")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]

#: What a user can mend: told in a sentence, without a traceback.
_EXPECTED = (
    StackError,
    FolderError,
    EngineError,
    BuildError,
    EngineCertificateError,
    PulumiError,
    BusyError,
    ForeignError,
    UnknownImageError,
    PriceError,
    MetricsError,
    logs.LogsError,
    login.LoginError,
    sla.ReportError,
    hosts.PlaybookError,
    SwitchError,
    DrainError,
    RestoreError,
    BundleError,
    HandError,
    database.DatabaseError,
    repository.BackupsError,
)


@contextmanager
def told() -> Iterator[None]:
    """What can be mended ends with its message and code 1."""
    try:
        yield
    except _EXPECTED as error:
        errors.print(str(error), style="red", markup=False, highlight=False)
        raise typer.Exit(1) from None


@contextmanager
def refused() -> Iterator[None]:
    """What was refused changed nothing: code 2."""
    try:
        yield
    except RefusedError as error:
        errors.print(f"refused: {error}", style="red", markup=False, highlight=False)
        raise typer.Exit(2) from None


def say(message: str) -> None:
    """Progress, and what was done."""
    console.print(f"[basalt] {message}", markup=False, highlight=False)


def table(title: str, head: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> None:
    """Rows under a title."""
    made = Table(*head, title=title, title_justify="left")
    for row in rows:
        made.add_row(*row)
    console.print(made)


def facts(found: dict[str, object], *, as_json: bool) -> None:
    """What came out, in one line or as JSON."""
    if as_json:
        print(json.dumps(found, indent=2))
    else:
        say("; ".join(f"{key} {_words(value)}" for key, value in found.items()))


def _words(value: object) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{key} {_words(one)}" for key, one in value.items())
    if isinstance(value, tuple | list):
        return ", ".join(map(_words, value)) or "none"
    return str(value)
