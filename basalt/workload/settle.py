"""Commands of basalt's own in the midst of an `up`: what no container can do from inside."""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Settle:
    """What follows a task where `parameters` have changed: clients would notice if the task did it. `--stack` is added
    to the command. Where it refuses (exit code 2) it has changed nothing, and is repeated for a while. It waits until
    the instances of the workload `of` have been replaced where they are: nobody restarts what is being replaced.

    `unless`: a line of the task's that says that nothing follows. It is believed where the stack begins: later a member
    may wait for something else.

    `parameters`: what a change takes (`takes_reload`, `takes_restart`) -> name -> value. A preview shows them."""

    command: tuple[str, ...]
    of: str
    unless: str
    parameters: dict[str, dict[str, str]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Guard:
    """What must have ended well before anything of the services `of` is touched, where an `up` changes what they are
    made of. `--stack` is added to the command. By then the workloads that it `needs` are what is declared, and healthy.
    Where it fails the `up` ends. The first `up` that knows of it only notes what they are made of."""

    command: tuple[str, ...]
    of: tuple[str, ...]
    needs: tuple[str, ...]
