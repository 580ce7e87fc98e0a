"""The report of uptime, for people in a terminal."""

import json

import pytest
from statuspage.history import DAY, Day, History, Incident, date
from statuspage.pages import pages
from statuspage.state import judge

from basalt.operations.sla import ReportError, lines, read
from tests.services.statuspage.lab import NOON, config
from tests.stacks import topology


def test_each_period_has_a_line_for_each_component_and_one_for_all() -> None:
    times = {path: {date(NOON - DAY): Day(DAY - lost, DAY)} for path, lost in (("/", 3700), ("/pay", 0))}
    incident = Incident(("/",), "", NOON - DAY, NOON - DAY + 3700, 0, over=True)
    shown = config()
    history = History(NOON, times, (incident,), NOON - DAY * 3 / 2, NOON)
    report = json.loads(pages(shown, history, judge(shown, {}, {}, NOON), NOON)["sla.json"])
    found = lines(report, "months")
    assert [(line.period, line.component) for line in found] == [
        (period, component) for period in ("2026-03 so far", "2026-02") for component in ("Orders", "Payments", "All")
    ]
    orders = found[3]
    assert (orders.uptime, orders.known, orders.incidents) == ("95.717 %", "100.000 %", "1")
    assert (orders.mttr, orders.mtbf, orders.promise) == ("1:01:40", "22:58:20", "missed")
    assert found[0].uptime == "no data"


def test_a_stack_without_an_account_says_what_to_add() -> None:
    with pytest.raises(ReportError, match=r"add `statuspage: \{\}` to its services"):
        read(topology())
