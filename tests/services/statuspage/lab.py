"""A page with two routes, and looks at them."""

from collections.abc import Sequence

from statuspage.config import Component, Config
from statuspage.looks import Answer, Series

INTERVAL = 10.0
#: Sunday, 1 March 2026, noon UTC.
NOON = 1_772_366_400.0

ORDERS = Component("/", "Orders", ("https://edge-1/statusz", "https://edge-2/statusz"), "api", "app", 0.999)
PAYMENTS = Component("/pay", "Payments", ("https://edge-1/pay/statusz",), "payment", "app", 0.999)


def config(*components: Component, **alerts: str) -> Config:
    """Of both routes, unless others are given."""
    shown = components or (ORDERS, PAYMENTS)
    return Config("Status of shop.example.com", "https://status.example.com", (), shown, alerts, INTERVAL, 400, 720)


def looked(target: str, samples: Sequence[tuple[float, float]]) -> Series:
    """What the prober says of a target."""
    return Series({"target": target}, samples)


def every(begin: float, end: float, value: float) -> list[tuple[float, float]]:
    """A look each interval."""
    count = int((end - begin) // INTERVAL)
    return [(begin + number * INTERVAL, value) for number in range(count)]


def fired(begin: float, end: float, **labels: str) -> Series:
    """An alert that was evaluated each quarter of a minute."""
    return Series(labels, [(begin + number * 15, 1.0) for number in range(int((end - begin) // 15))])


class World:
    """Stands for Prometheus: answers for any time out of all that was ever seen, as a range vector does."""

    def __init__(self, probes: Sequence[Series], alerts: Sequence[Series] = ()) -> None:
        self._probes, self._alerts = probes, alerts

    def __call__(self, _: Config, begin: float, end: float) -> Answer:
        return Answer(_between(self._probes, begin, end), _between(self._alerts, begin, end))


def _between(all_series: Sequence[Series], begin: float, end: float) -> list[Series]:
    found = [Series(s.labels, [one for one in s.samples if begin <= one[0] <= end]) for s in all_series]
    return [series for series in found if series.samples]
