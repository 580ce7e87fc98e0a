"""The panels that services draw: few kinds, so that all dashboards read alike."""

from collections.abc import Mapping

from grafana_foundation_sdk.builders import common, prometheus, stat, timeseries
from grafana_foundation_sdk.cog.builder import Builder
from grafana_foundation_sdk.models import dashboard
from grafana_foundation_sdk.models.common import (
    BigValueGraphMode,
    BigValueTextMode,
    DataSourceRef,
    LegendDisplayMode,
    LegendPlacement,
    SortOrder,
    StackingMode,
    TooltipDisplayMode,
)

from basalt.collect.promql import WINDOW
from basalt.collect.status import Unit

__all__ = ["COLUMNS", "SOURCE", "WINDOW", "Panel", "Unit", "figure", "stacked", "trend"]

#: What a panel function gives.
Panel = Builder[dashboard.Panel]

#: The `uid` of the data source that every panel asks: the stack's metrics.
SOURCE = "metrics"

#: Of the grid (grafana.com/docs, "Dashboard JSON model"); heights are in units of 30 pixels.
COLUMNS = 24
_TREND, _FIGURE = (COLUMNS // 2, 8), (COLUMNS // 6, 4)

#: Grafana's names of units (its packages/grafana-data/src/valueFormats/categories.ts).
_UNITS = {
    Unit.NAME: "none",
    Unit.COUNT: "short",
    Unit.NUMBER: "short",
    Unit.RATIO: "percentunit",
    Unit.RATE: "suffix:/s",
    Unit.SECONDS: "s",
    Unit.BYTES: "decbytes",
    Unit.BYTE_RATE: "Bps",
}


def trend(title: str, description: str, unit: Unit, queries: Mapping[str, str]) -> timeseries.Panel:
    """Lines over time. `queries`: what its lines are called (`{{label}}` stands for a label's value) -> PromQL."""
    panel = timeseries.Panel().title(title).description(description).unit(_UNITS[unit])
    panel = panel.datasource(_source()).span(_TREND[0]).height(_TREND[1])
    for number, (legend, query) in enumerate(queries.items()):
        asked = prometheus.Dataquery().ref_id(chr(ord("A") + number)).expr(query).legend_format(legend)
        panel = panel.with_target(asked)
    shown = common.VizLegendOptions().show_legend(show_legend=True)
    tooltip = common.VizTooltipOptions().mode(TooltipDisplayMode.MULTI).sort(SortOrder.DESCENDING)
    return (
        panel.axis_soft_min(0)
        .fill_opacity(8)
        .legend(shown.display_mode(LegendDisplayMode.LIST).placement(LegendPlacement.BOTTOM))
        .tooltip(tooltip)
    )


def stacked(title: str, description: str, unit: Unit, queries: Mapping[str, str]) -> timeseries.Panel:
    """As `trend`, each line on top of the one before: parts of a whole."""
    panel = trend(title, description, unit, queries).fill_opacity(30)
    return panel.stacking(common.StackingConfig().mode(StackingMode.NORMAL))


def figure(title: str, description: str, unit: Unit, query: str, legend: str = "") -> stat.Panel:
    """What it is now, one number for each of the query's samples. `legend` as in `trend`."""
    asked = prometheus.Dataquery().ref_id("A").expr(query).legend_format(legend).instant()
    return (
        stat.Panel()
        .title(title)
        .description(description)
        .unit(_UNITS[unit])
        .datasource(_source())
        .span(_FIGURE[0])
        .height(_FIGURE[1])
        .with_target(asked)
        .graph_mode(BigValueGraphMode.NONE)
        .reduce_options(common.ReduceDataOptions().calcs(["lastNotNull"]))
        .text_mode(BigValueTextMode.NAME if unit is Unit.NAME else BigValueTextMode.AUTO)
    )


def _source() -> DataSourceRef:
    return DataSourceRef(type_val="prometheus", uid=SOURCE)
