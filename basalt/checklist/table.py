"""The checklist for people: grouped by service, with what to do where something is to be done."""

from collections.abc import Sequence

from rich.table import Table
from rich.text import Text

from basalt.checklist.row import Row, Verdict

_STYLES = {Verdict.OK: "green", Verdict.WARN: "yellow", Verdict.FAIL: "bold red", Verdict.UNKNOWN: "magenta"}


def table(stack: str, rows: Sequence[Row]) -> Table:
    """One row each; a remedy only where the verdict is not ok."""
    made = Table("service", "what", "measured", "", title=f"Checklist of stack {stack}", title_justify="left")
    for number, row in enumerate(rows):
        first = number == 0 or rows[number - 1].service != row.service
        last = number + 1 == len(rows) or rows[number + 1].service != row.service
        verdict = Text(row.verdict, style=_STYLES[row.verdict])
        made.add_row(row.service if first else "", Text(row.title), _measured(row), verdict, end_section=last)
    return made


def _measured(row: Row) -> Text:
    told = Text(row.measured)
    if row.verdict is not Verdict.OK:
        told.append(f"\n{row.remedy} ({row.see})", style="dim")
    return told
