"""Looks, as stretches of time for which they stand. Pure."""

from collections.abc import Iterable, Sequence
from itertools import pairwise
from math import inf
from statistics import fmean
from typing import NamedTuple


class Span(NamedTuple):
    """From `begin` until just before `end`, this share of the ways in answered."""

    begin: float
    end: float
    share: float

    @property
    def fails(self) -> bool:
        """Whether anybody met an error."""
        return self.share < 1


#: (time, value) of each look, in order.
Samples = Sequence[tuple[float, float]]
Track = tuple[Span, ...]


def cover(samples: Samples, reach: float, begin: float, end: float) -> Track:
    """What looks say of the time from `begin` to `end`: each stands until the next one, and no longer than `reach`.
    Time that no look stands for is in no span: nobody knows."""
    ends = [time for time, _ in samples[1:]] + [inf]
    pieces = (
        Span(max(time, begin), min(following, time + reach, end), value)
        for (time, value), following in zip(samples, ends, strict=False)
    )
    return join(piece for piece in pieces if piece.begin < piece.end)


def combine(tracks: Sequence[Track]) -> Track:
    """Several ways in as one: the mean of those that are known."""
    edges = sorted({edge for track in tracks for span in track for edge in (span.begin, span.end)})
    pieces = []
    for begin, end in pairwise(edges):
        shares = [span.share for track in tracks for span in track if span.begin <= begin < span.end]
        if shares:
            pieces.append(Span(begin, end, fmean(shares)))
    return join(pieces)


def opposite(track: Track, begin: float, end: float) -> Track:
    """A track of what only tells when it is bad: in the rest of the time it was good."""
    edges = [begin, *(edge for span in track for edge in (span.begin, span.end)), end]
    gaps = (Span(left, right, 1) for left, right in zip(edges[::2], edges[1::2], strict=True) if left < right)
    return tuple(sorted((*track, *gaps)))


def join(pieces: Iterable[Span]) -> Track:
    """Neighbours that say the same become one."""
    joined: list[Span] = []
    for piece in pieces:
        if joined and joined[-1].end == piece.begin and joined[-1].share == piece.share:
            joined[-1] = joined[-1]._replace(end=piece.end)
        else:
            joined.append(piece)
    return tuple(joined)


def at_end(track: Track, end: float) -> Span | None:
    """What is known of the last moment."""
    return track[-1] if track and track[-1].end == end else None
