"""A dynamic provider in a module of its own: it is found because its process starts in the program's folder."""

from typing import Any

from pulumi.dynamic import CreateResult, Resource, ResourceProvider


class _NoteProvider(ResourceProvider):
    serialize_as_secret_always = False

    def create(self, props: dict[str, Any]) -> CreateResult:
        return CreateResult("note", {**props, "read": props["text"].upper()})


class Note(Resource, module="probe", name="Note"):
    """Its `read` is its `text` in capitals."""

    def __init__(self, name: str, text: str) -> None:
        super().__init__(_NoteProvider(), name, {"text": text, "read": None})
