"""What a stack file may say, out of the types that read it: path, how it is written, default, what it means. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from inspect import cleandoc, isclass
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

import annotated_types
from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined


@dataclass(frozen=True, slots=True)
class Setting:
    """One key. `default` is as a stack file would write it, "required" where there is none."""

    path: str
    kind: str
    default: str
    description: str


def settings(model: type[BaseModel], above: str = "") -> Iterator[Setting]:
    """Every key of a block and of the blocks in it, in the order of the type."""
    for name, field in model.model_fields.items():
        path = f"{above}{field.alias or name}"
        inner, steps = _model(field.annotation)
        yield Setting(path, _kind(field, inner), _default(field), _description(field, inner))
        if inner:
            yield from settings(inner, f"{path}{steps}.")


def _description(field: FieldInfo, inner: type[BaseModel] | None) -> str:
    text = field.description or (cleandoc(inner.__doc__ or "") if inner else "")
    return " ".join(text.split())


def _model(annotation: Any) -> tuple[type[BaseModel] | None, str]:
    """The block that a value is made of, and the steps of the path that lead to it."""
    if isclass(annotation) and issubclass(annotation, BaseModel):
        return annotation, ""
    if get_origin(annotation) is dict:
        found, steps = _model(get_args(annotation)[1])
        return found, f".<name>{steps}"
    if get_origin(annotation) is tuple:
        found, steps = _model(get_args(annotation)[0])
        return found, f"[]{steps}"
    arguments = get_args(annotation) if get_origin(annotation) in (Union, UnionType) else get_args(annotation)[:1]
    known = (_model(argument) for argument in arguments if get_origin(annotation) is not Literal)
    return next((found for found in known if found[0]), (None, ""))


def _kind(field: FieldInfo, inner: type[BaseModel] | None) -> str:
    return f"{written(field.annotation)}{_bounds(field.metadata)}" if not inner else _block(field.annotation)


def _block(annotation: Any) -> str:
    return (
        "mapping of blocks"
        if get_origin(annotation) is dict
        else "blocks"
        if get_origin(annotation) is tuple
        else "block"
    )


_NAMES = {NoneType: "null", str: "text", int: "number", float: "number", bool: "true or false"}


def written(annotation: Any) -> str:
    """A type as people write its values."""
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return f"{written(arguments[0])}{_bounds(arguments[1:])}"
    if origin in (Union, UnionType):
        return " or ".join(dict.fromkeys(map(written, arguments)))
    if origin is tuple:
        return f"list of {written(arguments[0])}"
    if origin is dict:
        return f"mapping of {written(arguments[0])} to {written(arguments[1])}"
    return _choice(annotation) or _NAMES.get(annotation) or _words(annotation.__name__)


def _choice(annotation: Any) -> str:
    """`one` or `other`, where only some values are allowed."""
    values = get_args(annotation) if get_origin(annotation) is Literal else ()
    if isclass(annotation) and issubclass(annotation, Enum):
        values = tuple(member.value for member in annotation)
    return " or ".join(f"`{value}`" for value in values)


def _words(name: str) -> str:
    """`IPv4Address` -> address, `Rate` -> rate."""
    return name.removeprefix("IPv4").lower()


def _bounds(metadata: Any) -> str:
    """` 1 to 9`, for what a type limits; a pattern is told by the error that names it."""
    flat = [one for m in metadata for one in (m.metadata if isinstance(m, FieldInfo) else (m,))]
    low = [str(m.ge) for m in flat if isinstance(m, annotated_types.Ge)]
    low += [f"more than {m.gt}" for m in flat if isinstance(m, annotated_types.Gt)]
    high = [str(m.le) for m in flat if isinstance(m, annotated_types.Le)]
    high += [f"less than {m.lt}" for m in flat if isinstance(m, annotated_types.Lt)]
    if low and high:
        return f", {low[0]} to {high[0]}"
    return f", from {low[0]}" if low else f", up to {high[0]}" if high else ""


def _default(field: FieldInfo) -> str:
    value = field.get_default(call_default_factory=True, validated_data={})
    return "required" if value is PydanticUndefined else plain(value)


def plain(value: Any) -> str:
    """A value as a stack file would write it."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, BaseModel):
        given = {name: getattr(value, name) for name in type(value).model_fields if name in value.model_fields_set}
        return plain(given)
    if isinstance(value, dict):
        return f"{{{', '.join(f'{plain(key)}: {plain(inner)}' for key, inner in value.items())}}}"
    if isinstance(value, tuple) and type(value) is tuple:
        return f"[{', '.join(map(plain, value))}]"
    return str(value.value if isinstance(value, Enum) else value)
