"""What people see of alertmanager."""

from collections.abc import Iterator

from basalt.collect.panels import WINDOW, Panel, Unit, figure, stacked, trend


def panels() -> Iterator[Panel]:
    """The first stands on the overview too."""
    yield _firing()
    yield _held()
    yield _kept_back()
    yield _silences()
    yield _received()
    yield _sent()
    yield _time_to_send()


def _firing() -> Panel:
    return stacked(
        "alerts that fire",
        "As Prometheus evaluates them, by severity. One of severity none always fires, to prove that alerts arrive.",
        Unit.COUNT,
        {"{{severity}}": 'count by (severity) (ALERTS{alertstate="firing"})'},
    )


def _held() -> Panel:
    return figure(
        "alerts held",
        "Those that people are told of.",
        Unit.COUNT,
        'max(alertmanager_alerts{state="active"})',
    )


def _kept_back() -> Panel:
    return figure(
        "kept back",
        "Held but told to nobody: a silence or another alert explains them.",
        Unit.COUNT,
        'max(alertmanager_alerts{state="suppressed"})',
    )


def _silences() -> Panel:
    return figure(
        "silences by hand",
        "Active ones that somebody made in the interface; those in the stack file are not among them.",
        Unit.COUNT,
        'max(alertmanager_silences{state="active"})',
    )


def _received() -> Panel:
    return trend(
        "alerts received",
        "By state. Prometheus sends each one again and again while it fires: silence means that it cannot.",
        Unit.RATE,
        {"{{status}}": f"sum by (status) (rate(alertmanager_alerts_received_total[{WINDOW}]))"},
    )


def _sent() -> Panel:
    return trend(
        "messages",
        "Sent to people on all ways, and those that failed, which are tried again.",
        Unit.RATE,
        {
            "sent": f"sum(rate(alertmanager_notifications_total[{WINDOW}]))",
            "failed": f"sum(rate(alertmanager_notifications_failed_total[{WINDOW}]))",
        },
    )


def _time_to_send() -> Panel:
    spent = "sum(alertmanager_notification_latency_seconds_sum)"
    return trend(
        "time of a message",
        "To hand a message over, on average since the start. A slow way holds up those who wait behind it.",
        Unit.SECONDS,
        {"average": f"{spent} / clamp_min(sum(alertmanager_notification_latency_seconds_count), 1)"},
    )
