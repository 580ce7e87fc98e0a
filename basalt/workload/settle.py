"""What a task cannot do from inside its container, because clients would notice."""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Settle:
    """A command of basalt's own that follows the task where `parameters` have changed; `--stack` is added. Where it
    refuses (exit code 2) it has changed nothing, and is repeated for a while. It waits until the instances of the
    workload `of` have been replaced where they are: nobody restarts what is being replaced.

    `parameters`: what a change takes (`takes_reload`, `takes_restart`) -> name -> value. A preview shows them."""

    command: tuple[str, ...]
    of: str
    parameters: dict[str, dict[str, str]] = field(default_factory=dict)
