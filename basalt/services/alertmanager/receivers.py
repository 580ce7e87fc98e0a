"""Who can be told, and how. `secret` is always the name of an operator's secret, never its value."""

from collections.abc import Iterator
from typing import Annotated, Self

from pydantic import Field, model_validator

from basalt.topology.model import Settings as Base

Given = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]*$")]
Mailbox = Annotated[str, Field(pattern=r"^[^@\s,]+@[^@\s,]+$")]


class Email(Base):
    """By a mail server that speaks TLS: from the first byte at port 465, else by STARTTLS."""

    to: tuple[Mailbox, ...] = Field(min_length=1, description="addresses")
    sender: Mailbox = Field(alias="from", description="address")
    smarthost: str = Field(pattern=r"^[A-Za-z0-9.-]+:\d{1,5}$", description="host:port")
    username: str | None = Field(default=None, min_length=1, description="where the server asks for a login")
    secret: Given | None = Field(default=None, description="the password of `username`")

    @model_validator(mode="after")
    def _logs_in_with_both(self) -> Self:
        if (self.username is None) != (self.secret is None):
            raise ValueError("a login is username and secret together; write both or neither")
        return self


class Slack(Base):
    """By an incoming webhook, whose URL is the secret."""

    secret: Given = Field(description="name of the webhook's URL")
    channel: str | None = Field(default=None, min_length=1, description="default: the webhook's own")


class Discord(Base):
    """By a webhook, whose URL is the secret."""

    secret: Given = Field(description="name of the webhook's URL")


class PagerDuty(Base):
    """Events API v2; the integration key is the secret."""

    secret: Given = Field(description="name of the integration key")


class Webhook(Base):
    """Alertmanager's own JSON, to a plain URL or to one that is a secret."""

    url: str | None = Field(default=None, pattern=r"^https?://[^\s]+$", description="where everybody may know it")
    secret: Given | None = Field(default=None, description="name of the URL, where nobody may")

    @model_validator(mode="after")
    def _has_one_address(self) -> Self:
        if (self.url is None) == (self.secret is None):
            raise ValueError("write url, or secret when the URL itself must not be known")
        return self


class Receiver(Base):
    """Told in every way that it names."""

    email: Email | None = None
    slack: Slack | None = None
    discord: Discord | None = None
    pagerduty: PagerDuty | None = None
    webhook: Webhook | None = None

    @model_validator(mode="after")
    def _is_told_somehow(self) -> Self:
        if not any(getattr(self, way) for way in type(self).model_fields):
            raise ValueError(f"nobody would be told; write one of {', '.join(type(self).model_fields)}")
        return self

    def secrets(self) -> Iterator[tuple[str, str]]:
        """(way, name of its secret), for each way that has one."""
        for way in type(self).model_fields:
            secret = getattr(getattr(self, way), "secret", None)
            if secret:
                yield way, secret
