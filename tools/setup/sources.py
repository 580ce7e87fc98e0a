"""Where the Pulumi parts may come from."""

import os

from tools.setup.step import SetupError

_CHOICES = ("any", "build")


def only_build() -> bool:
    """BASALT_PULUMI=build: the same binaries on every machine, whatever it has on PATH or can download."""
    chosen = os.environ.get("BASALT_PULUMI", "any")
    if chosen not in _CHOICES:
        raise SetupError(f"BASALT_PULUMI={chosen}: must be one of {', '.join(_CHOICES)}")
    return chosen == "build"
