"""Templates only print: strict, without clock or environment.

The settings are Ansible's, so both render the same bytes."""

import os
import sys
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from basalt.workload import SecretRef

if TYPE_CHECKING:
    from jinja2 import Environment

TEMPLATES = Path(__file__).parent.parent / "templates"


def _secret(name: str) -> str:
    return str(SecretRef(name))


@cache
def _environment() -> "Environment":
    # A stack file is checked without a template; the engine of these takes as long to load as all checks.
    from jinja2 import Environment, FileSystemBytecodeCache, FileSystemLoader, StrictUndefined
    from jinja2.bccache import Bucket

    class Compiled(FileSystemBytecodeCache):
        """Where there is no room for it, or no right to it, a template is compiled each time."""

        def dump_bytecode(self, bucket: Bucket) -> None:
            with suppress(OSError):
                super().dump_bytecode(bucket)

    compiled = _compiled()
    environment = Environment(  # noqa: S701  configuration files, not HTML
        loader=FileSystemLoader(TEMPLATES),
        bytecode_cache=Compiled(str(compiled), "%s.jinja") if compiled else None,
        undefined=StrictUndefined,
        trim_blocks=True,
        keep_trailing_newline=True,
    )
    environment.globals["secret"] = _secret
    return environment


def _compiled() -> Path | None:
    """Where compiled templates are kept: to compile them takes longer than to print them. As Python keeps its own, and
    not where Python would not."""
    folder = TEMPLATES / "__pycache__"
    if sys.dont_write_bytecode:
        return None
    with suppress(OSError):
        folder.mkdir(exist_ok=True)
    return folder if os.access(folder, os.W_OK) else None


def render(template: str, **values: object) -> str:
    """`templates/<template>` with its values. In it, `{{ secret('name') }}` leaves the mark of a secret.

    Raises jinja2.UndefinedError for a value that is not given."""
    return _environment().get_template(template).render(**values)
