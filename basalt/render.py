"""Templates only print: strict, without clock or environment.

The settings are Ansible's, so both render the same bytes."""

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
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(  # noqa: S701  configuration files, not HTML
        loader=FileSystemLoader(TEMPLATES),
        undefined=StrictUndefined,
        trim_blocks=True,
        keep_trailing_newline=True,
    )
    environment.globals["secret"] = _secret
    return environment


def render(template: str, **values: object) -> str:
    """`templates/<template>` with its values. In it, `{{ secret('name') }}` leaves the mark of a secret.

    Raises jinja2.UndefinedError for a value that is not given."""
    return _environment().get_template(template).render(**values)
