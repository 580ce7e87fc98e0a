"""What PostgreSQL 17 knows of its parameters: which there are, and what they may be.

`parameters.json` is `pg_settings` of the image's server with its extensions loaded; `tools/postgres_parameters` writes
it anew."""

import difflib
import json
import re
from functools import cache
from pathlib import Path
from typing import Any

#: As a stack file writes it.
Value = str | int | float | bool

_FACTORS = {"B": 1, "kB": 1 << 10, "MB": 1 << 20, "GB": 1 << 30, "TB": 1 << 40} | {
    "us": 1e-6,
    "ms": 1e-3,
    "s": 1.0,
    "min": 60.0,
    "h": 3600.0,
    "d": 86400.0,
}
_MEMORY = ("B", "kB", "MB", "GB", "TB")
_QUANTITY = re.compile(r"\s*([-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?)\s*([A-Za-z]*)\s*")
_BOOLEANS = frozenset(("on", "off", "true", "false", "yes", "no", "1", "0"))
#: Where only these words are in `pg_settings`, the server takes the other words for yes and no too.
_SWITCH = frozenset(("on", "off"))


@cache
def known() -> dict[str, dict[str, Any]]:
    """Each parameter: `context`, `type`, and where they apply `unit`, `least`, `most`, `values`."""
    found: dict[str, dict[str, Any]] = json.loads((Path(__file__).parent / "parameters.json").read_text())
    return found


def takes_restart(name: str) -> bool:
    """Whether a change takes effect at a start only (`pg_settings.context`, manual 52.24); a reload does otherwise."""
    return known().get(name, {}).get("context") == "postmaster"


def wrong(name: str, value: Value) -> str | None:
    """What to do instead of a value that the server would refuse; None for one that it takes."""
    about = known().get(name)
    if about is None:
        return _unknown(name)
    kinds = {"bool": _switch, "enum": _word, "integer": _number, "real": _number}
    check = kinds.get(about["type"])
    return check(about, value) if check else None


def _unknown(name: str) -> str | None:
    prefix = name.partition(".")[0]
    # An application may have variables of its own under a prefix that no extension has claimed (18.16 of the manual).
    if "." in name and not any(other.startswith(f"{prefix}.") for other in known()):
        return None
    near = difflib.get_close_matches(name, known(), n=1)
    hint = f"; did you mean {near[0]}?" if near else ""
    return f"PostgreSQL 17 has no such parameter, or lets nobody set it{hint}"


def _switch(_: dict[str, Any], value: Value) -> str | None:
    return None if _lower(value) in _BOOLEANS else "write on or off"


def _word(about: dict[str, Any], value: Value) -> str | None:
    words = set(about["values"])
    taken = words | (_BOOLEANS if words >= _SWITCH else set())
    return None if _lower(value) in taken else f"write one of {', '.join(about['values'])}"


def _lower(value: Value) -> str:
    if isinstance(value, bool):
        return "on" if value else "off"
    return str(value).lower()


def _number(about: dict[str, Any], value: Value) -> str | None:
    unit = about.get("unit", "")
    amount = None if isinstance(value, bool) else _amount(str(value), unit)
    if amount is None:
        return f"write a number{_units(unit)}"
    amount = round(amount) if about["type"] == "integer" else amount
    if about["least"] <= amount <= about["most"]:
        return None
    return f"out of range; write {about['least']:g} to {about['most']:g}{' ' + unit if unit else ''}"


def _units(unit: str) -> str:
    base = unit.lstrip("0123456789")
    if not base:
        return ""
    words = _MEMORY if base in _MEMORY else ("us", "ms", "s", "min", "h", "d")
    return f", with a unit of {', '.join(words)} or in {unit}"


def _amount(text: str, unit: str) -> float | None:
    """A value in the parameter's own unit, as 19.1.1 of the manual reads it."""
    match = _QUANTITY.fullmatch(text)
    if match is None:
        return None
    number, written = float(match[1]), match[2]
    if not written:
        return number
    base = unit.lstrip("0123456789")
    same = base in _FACTORS and written in _FACTORS and (base in _MEMORY) == (written in _MEMORY)
    if not same:
        return None
    return number * _FACTORS[written] / (_FACTORS[base] * int(unit.removesuffix(base) or 1))
