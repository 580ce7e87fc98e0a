"""Failures that the application expects and answers."""


class UnavailableError(Exception):
    """A dependency did not answer in time: 503 for the client, never a hang."""

    def __init__(self, dependency: str, reason: str) -> None:
        super().__init__(f"{dependency} is unavailable: {reason}")
        self.dependency = dependency
