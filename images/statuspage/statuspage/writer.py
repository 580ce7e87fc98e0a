"""One turn: ask what probes have found, keep account of it, write the pages."""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from time import monotonic

from statuspage import history, looks, metrics
from statuspage.config import Config
from statuspage.history import DAY, History
from statuspage.looks import Answer
from statuspage.pages import pages
from statuspage.state import State, judge

#: Seconds until everything has arrived that was seen before, and between two copies of the history: what is lost with
#: the power, Prometheus still has.
_SETTLED, _KEEP = 30, 60
#: Seconds that are asked for at once, and before the first page.
_LONGEST, _FIRST = 6 * 3600, 15 * DAY
#: Seconds for which an evaluated alert stands (statuspage.looks).
_BACK = 60

log = logging.getLogger("statuspage")

#: Answers for the time between two moments; raises Unanswered.
Ask = Callable[[Config, float, float], Answer]


class Unanswered(Exception):  # noqa: N818  it is no fault of this program: it is told to people
    """Nobody who was asked knows."""


_NOTHING = Answer((), ())


@dataclass
class Writer:
    """`kept`: the history up to where it will not change any more. `saved`: when it was last written. `answer`: the
    newest one, of the time `asked`. `complaint`: why there was none since."""

    folder: Path
    ask: Ask
    kept: History
    saved: float = 0.0
    answer: Answer = _NOTHING
    asked: float = 0.0
    complaint: str = ""

    @classmethod
    def start(cls, folder: Path, ask: Ask, now: float) -> "Writer":
        """With the history that is there, or with what Prometheus may still have."""
        return cls(folder, ask, history.read(folder / "history.json") or History(now - _FIRST))

    def turn(self, config: Config, now: float) -> None:
        """Pages are written whatever happens: that nobody knows is news too. What was seen last stands for as long as
        any look does, so that one question without an answer is no news."""
        began = monotonic()
        self.kept = history.forget(self.kept, now, config.keep_days)
        try:
            self._look(config, now)
            self._tell("")
        except Unanswered as error:
            self._tell(str(error))
        shown = _account(self.kept, config, self.answer, max(self.asked, self.kept.until))
        for name, text in pages(config, shown, self._state(config, now), now).items():
            _write(self.folder / "public" / name, text)
        _write(self.folder / "metrics", metrics.text(shown, config, now, monotonic() - began))
        if abs(now - self.saved) >= _KEEP:
            self.save(now)

    def _tell(self, complaint: str) -> None:
        """Once, not every turn."""
        if complaint == self.complaint:
            return
        if complaint:
            log.warning("nobody tells how it is: %s", complaint)
        else:
            log.info("there are answers again")
        self.complaint = complaint

    def save(self, now: float) -> None:
        """Keeps the history."""
        history.keep(self.folder / "history.json", history.dump(self.kept))
        self.saved = now

    def _look(self, config: Config, now: float) -> None:
        """What is settled is kept, from time to time; what may still change is only remembered."""
        back = _back(config)
        if now - self.kept.until >= 2 * _SETTLED:
            for begin, end in history.windows(self.kept, now - _SETTLED, _LONGEST):
                self.kept = _account(self.kept, config, self.ask(config, begin - back, end), end)
        self.answer, self.asked = self.ask(config, min(self.kept.until, now - back) - back, now), now

    def _state(self, config: Config, now: float) -> State:
        begin = now - _back(config)
        routes = looks.routes(config, self.answer, begin, now)
        return judge(config, routes, looks.alerts(config, self.answer, begin, now), now)


def _back(config: Config) -> float:
    """Seconds before a time of which something seen may still say something about it."""
    return max(_BACK, config.reach)


def _account(kept: History, config: Config, answer: Answer, end: float) -> History:
    routes = looks.routes(config, answer, kept.until, end)
    return history.account(kept, routes, looks.alerts(config, answer, kept.until, end), end)


def _write(path: Path, text: str) -> None:
    """Whoever reads meets the old file or the new one. The same text is not written again."""
    if path.exists() and path.read_text() == text:
        return
    fresh = path.with_name(f".{path.name}.new")
    fresh.write_text(text)
    fresh.replace(path)
