"""Grafana's dashboards, out of each service's `dashboard.py` and `status.yml`. Names no service.

One a service, an overview with a row for each, and the same trends over a week. A `Panel` of the SDK is plain data once
it is built; what a reader or the server would miss in it is refused here."""

from collections.abc import Iterable, Iterator
from copy import copy
from functools import cache

from grafana_foundation_sdk.builders.dashboard import Dashboard, DashboardLink, Row
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models.dashboard import Dashboard as Model
from grafana_foundation_sdk.models.dashboard import DashboardCursorSync, DashboardLinkType, GridPos, Panel, RowPanel

from basalt import services
from basalt.collect import promql, status
from basalt.collect.faults import FolderError
from basalt.collect.panels import COLUMNS, figure

#: Dashboards are found by it.
TAG = "basalt"

_ALERTS = 'sum by (severity) (ALERTS{alertstate="firing", severity!="none"}) or vector(0)'


class DashboardError(FolderError):
    """A service's dashboard that cannot be used."""


@cache
def read(name: str) -> tuple[Panel, ...]:
    """The panels of a service; empty where it draws none. Raises DashboardError."""
    built = tuple(panel.build() for panel in services.panels(name))
    path = services.folder(name) / "dashboard.py"
    for panel in built:
        for remedy in _faults(panel):
            raise DashboardError(path, panel.title or "a panel without a title", remedy)
    return built


def queries(panel: Panel) -> tuple[str, ...]:
    """The PromQL of a panel, as Grafana gets it."""
    return tuple(str(getattr(target, "expr", "")) for target in panel.targets or ())


def files(wanted: Iterable[str]) -> Iterator[tuple[str, str]]:
    """`<uid>.json` and its text: one for each of the services that draws something, the overview and the week.

    Raises DashboardError, RowError."""
    drawn = {name: panels for name in wanted if (panels := read(name))}
    for name, panels in drawn.items():
        # Figures before graphs, each in its order.
        yield _file(name, name, sorted(panels, key=_height), "now-6h")
    yield _file("overview", "overview", tuple(_overview(drawn)), "now-6h")
    yield _file("week", "the last seven days", tuple(_firsts(drawn)), "now-7d")


def _faults(panel: Panel) -> Iterator[str]:
    if not panel.title:
        yield "nobody knows what it shows; give it a title"
    if not panel.description:
        yield "it has no description; say what is seen, and what is bad"
    if panel.field_config is None or not panel.field_config.defaults.unit:
        yield "it has no unit; choose one of basalt.collect.panels.Unit"
    if not queries(panel):
        yield "it has no query; give it one"
    yield from (wrong for query in queries(panel) if (wrong := promql.fault(query)))


def _firsts(drawn: dict[str, tuple[Panel, ...]]) -> Iterator[Panel]:
    """The panel that stands for a service where all are shown, under the service's name."""
    for name, panels in drawn.items():
        panel = copy(panels[0])
        panel.title = f"{name}: {panel.title}"
        yield panel


def _overview(drawn: dict[str, tuple[Panel, ...]]) -> Iterator[Panel | RowPanel]:
    """What fires, and for each service a row: what `basalt status` tells of it, and its first panel."""
    yield figure("alerts", "Alerts that fire now, by severity.", status.Unit.COUNT, _ALERTS, "{{severity}}").build()
    for name, panels in drawn.items():
        yield Row(name).build()
        for row in status.rows(name):
            told = f"As `basalt status` tells it, for each {row.label}."
            yield figure(row.title, told, row.unit, row.query, f"{{{{{row.label}}}}}").build()
        yield panels[0]


def _file(uid: str, title: str, shown: Iterable[Panel | RowPanel], since: str) -> tuple[str, str]:
    others = DashboardLink("dashboards").type(DashboardLinkType.DASHBOARDS).tags([TAG])
    made = (
        Dashboard(title)
        .uid(uid)
        .tags([TAG])
        .time(since, "now")
        .refresh("1m")
        .readonly()
        .tooltip(DashboardCursorSync.CROSSHAIR)
        .link(others.as_dropdown(as_dropdown=True).keep_time(keep_time=True))
        .build()
    )
    return f"{uid}.json", _text(made, _laid(shown))


def _text(made: Model, panels: Iterable[Panel | RowPanel]) -> str:
    """A panel a line: a change of one is seen as that."""
    encode = JSONEncoder(sort_keys=True).encode
    made.panels = []
    head, tail = encode(made).split('"panels": []')
    return head + '"panels": [\n' + ",\n".join(map(encode, panels)) + "\n]" + tail + "\n"


def _height(panel: Panel | RowPanel) -> int:
    return panel.grid_pos.h if panel.grid_pos else 0


def _laid(shown: Iterable[Panel | RowPanel]) -> Iterator[Panel | RowPanel]:
    """From left to right; a new line where the next does not fit, or is not as high."""
    x = y = high = 0
    # Shallow: the panel's own number and place are all that differs.
    for number, panel in enumerate(map(copy, shown), 1):
        size = panel.grid_pos or GridPos(w=COLUMNS, h=1)
        if x + size.w > COLUMNS or size.h != high:
            x, y, high = 0, y + high, size.h
        panel.id_val, panel.grid_pos = number, GridPos(x=x, y=y, w=size.w, h=size.h)
        x += size.w
        yield panel
