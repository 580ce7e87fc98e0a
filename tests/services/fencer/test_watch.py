"""When a witness suspects: by replayed answers, in seconds of a clock that the tests turn."""

import random

import pytest
from fencer.watch import ALONE, CALM, HURRIED, LATE, STRETCH, TICK, Pulse, Watch

WINDOW = 1.5


def answers(watch: Watch, now: float, took: float = 0.005) -> None:
    for pulse in watch.pulses.values():
        pulse.answered(now, took)


def run(watch: Watch, start: float, end: float, *, answering: bool = True) -> float | None:
    """Ticks; the first moment of suspicion."""
    now, asked = start, start
    while now < end:
        now += TICK
        watch.tick(now)
        if answering and now - asked >= CALM:
            asked = now
            answers(watch, now)
        if watch.suspected(now):
            return now
    return None


def test_who_answers_is_not_suspected() -> None:
    assert run(Watch(WINDOW, 0.0), 0.0, 60.0) is None


def test_who_falls_silent_is_suspected_after_the_window() -> None:
    watch = Watch(WINDOW, 0.0)
    assert run(watch, 0.0, 10.0) is None
    found = run(watch, 10.0, 20.0, answering=False)
    assert found is not None
    assert WINDOW - CALM <= found - 10.0 <= WINDOW + 2 * TICK


@pytest.mark.parametrize(("silent", "window"), [("sql", WINDOW), ("rest", ALONE)])
def test_one_silent_pulse_is_enough(silent: str, window: float) -> None:
    watch = Watch(WINDOW, 0.0)
    for kind, pulse in watch.pulses.items():
        if kind != silent:
            pulse.answered(window, 0.005)
    assert not watch.suspected(window)
    assert watch.suspected(window + TICK)


def test_patroni_that_is_silent_for_four_seconds_while_postgresql_answers_is_busy() -> None:
    watch, now = Watch(WINDOW, 0.0), 0.0
    while now < 4.0:
        now += TICK
        watch.tick(now)
        watch.pulses["sql"].answered(now, 0.005)
        assert not watch.suspected(now)


@pytest.mark.parametrize("pause", [LATE + TICK, 3.0, 3600.0])
def test_a_witness_that_was_absent_begins_anew(pause: float) -> None:
    watch = Watch(WINDOW, 0.0)
    run(watch, 0.0, 10.0)
    now = 10.0 + pause
    assert watch.tick(now)
    assert not watch.suspected(now)
    assert not watch.suspected(now + WINDOW)
    assert watch.suspected(now + WINDOW + TICK)


def test_slow_answers_widen_the_window() -> None:
    watch = Watch(WINDOW, 0.0)
    answers(watch, 1.0, took=1.2)
    assert not watch.suspected(1.0 + STRETCH * 1.2 - TICK)
    assert watch.suspected(1.0 + STRETCH * 1.2 + TICK)


def test_where_one_waits_the_next_hurries() -> None:
    pulse = Pulse(WINDOW, last=0.0)
    pulse.asked, pulse.waiting = 1.0, 1
    assert pulse.due(1.3)
    assert HURRIED < CALM
    pulse.waiting = 0
    assert not pulse.due(1.3)
    assert pulse.due(1.0 + CALM)


def test_heavy_jitter_is_not_silence() -> None:
    """200 ms +-100 ms a turn and 5 % of packets lost, ten minutes of it: no suspicion."""
    chance = random.Random(5)
    watch, now, asked = Watch(WINDOW, 0.0), 0.0, dict.fromkeys(("sql", "rest"), -1.0)
    arriving: list[tuple[float, str, float]] = []
    while now < 600.0:
        now += TICK
        watch.tick(now)
        for kind, pulse in watch.pulses.items():
            if pulse.due(now):
                pulse.asked = asked[kind] = now
                pulse.waiting += 1
                took = _delayed(chance, turns=2 if kind == "sql" else 3)
                arriving.append((now + took, kind, took))
        for at, kind, took in [one for one in arriving if one[0] <= now]:
            arriving.remove((at, kind, took))
            watch.pulses[kind].answered(at, took)
            watch.pulses[kind].waiting -= 1
        assert not watch.suspected(now)


def _delayed(chance: random.Random, turns: int) -> float:
    """Round trips under netem; the first packet that is lost is sent again after a second, others after 0.4 s."""
    took = 0.0
    for turn in range(turns):
        again = 1.0 if turn == 0 else 0.4
        while chance.random() < 0.05:
            took += again
            again *= 2
        took += 0.2 + chance.uniform(-0.1, 0.1)
    return took


def test_a_refused_postgresql_that_patroni_misses_is_a_crash_at_once() -> None:
    watch = Watch(WINDOW, 0.0)
    watch.pulses["sql"].refused = 2
    assert not watch.suspected(0.3)
    assert watch.unexplained(0.3)
    watch.explained(0.3, planned=False)
    assert watch.suspected(0.3)
    watch.pulses["sql"].answered(0.4, 0.01)
    assert not watch.suspected(0.4)


def test_a_restart_on_purpose_is_none() -> None:
    watch = Watch(WINDOW, 0.0)
    watch.pulses["rest"].answered(9.9, 0.01)
    watch.pulses["sql"].refused = 20
    watch.explained(9.9, planned=True)
    assert not watch.suspected(10.0)


def test_silence_that_patroni_cannot_explain_takes_the_whole_window() -> None:
    watch = Watch(WINDOW, 0.0)
    watch.pulses["rest"].answered(1.0, 0.01)
    assert watch.unexplained(1.0)
    watch.explained(1.0, planned=False)
    assert not watch.suspected(1.0)
    assert watch.suspected(WINDOW + TICK)
