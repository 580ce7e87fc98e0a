"""`off`, as a stack file writes it."""

from pydantic import BeforeValidator


def _off(given: object) -> object:
    """YAML 1.1 reads `off` as false."""
    return "off" if given is False else given


#: Beside a type that has the word: `Annotated[Literal["off"] | Change, READS_OFF]`.
READS_OFF = BeforeValidator(_off)
