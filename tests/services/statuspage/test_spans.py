"""Looks, as stretches of time."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st
from statuspage.spans import Span, combine, cover, opposite

moments = st.integers(0, 400).map(float)
looks = st.lists(moments, unique=True, max_size=40).map(sorted)
samples = looks.flatmap(
    lambda times: st.tuples(*(st.tuples(st.just(time), st.sampled_from([0.0, 1.0])) for time in times))
)
tracks = samples.map(lambda taken: cover(taken, 25, 50, 350))


def test_a_look_stands_until_the_next_one() -> None:
    assert cover([(0, 1), (10, 0), (20, 1)], 25, 0, 30) == (Span(0, 10, 1), Span(10, 20, 0), Span(20, 30, 1))


def test_looks_that_say_the_same_are_one_stretch() -> None:
    assert cover([(0, 1), (10, 1), (20, 1)], 25, 5, 25) == (Span(5, 25, 1),)


def test_time_that_nobody_looked_at_is_in_no_stretch() -> None:
    assert cover([(0, 1), (100, 1)], 25, 0, 110) == (Span(0, 25, 1), Span(100, 110, 1))


def test_two_ways_in_are_one_half_each_where_both_are_known() -> None:
    one, other = (Span(0, 20, 1),), (Span(10, 30, 0),)
    assert combine([one, other]) == (Span(0, 10, 1), Span(10, 20, 0.5), Span(20, 30, 0))


def test_what_only_tells_when_it_is_bad_was_good_in_the_rest() -> None:
    assert opposite((Span(10, 20, 0),), 0, 30) == (Span(0, 10, 1), Span(10, 20, 0), Span(20, 30, 1))
    assert opposite((), 0, 30) == (Span(0, 30, 1),)


@given(samples)
def test_stretches_are_in_order_apart_and_inside(taken: tuple[tuple[float, float], ...]) -> None:
    track = cover(taken, 25, 50, 350)
    assert all(50 <= span.begin < span.end <= 350 for span in track)
    assert all(left.end <= right.begin for left, right in pairwise(track))


@given(samples, moments)
def test_a_moment_is_known_where_a_look_is_near_and_by_the_last_one(
    taken: tuple[tuple[float, float], ...], moment: float
) -> None:
    said = [span.share for span in cover(taken, 25, 0, 500) if span.begin <= moment < span.end]
    before = [look for look in taken if moment - 25 < look[0] <= moment]
    assert said == ([before[-1][1]] if before else [])


@given(st.lists(tracks, max_size=4))
def test_together_they_know_what_any_of_them_knows(several: list[tuple[Span, ...]]) -> None:
    both = combine(several)
    for moment in range(50, 350, 7):
        shares = [s.share for track in several for s in track if s.begin <= moment < s.end]
        said = [s.share for s in both if s.begin <= moment < s.end]
        assert said == ([sum(shares) / len(shares)] if shares else [])
