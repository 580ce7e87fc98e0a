"""Redis behind Sentinel, over TLS: the client asks the sentinels who the master is at each new connection."""

import asyncio
from collections.abc import Awaitable, Callable
from time import monotonic, sleep
from typing import Any, TypeVar

import redis
from dramatiq.errors import ConnectionClosed
from redis.asyncio import Redis
from redis.asyncio.retry import Retry as AsyncRetry
from redis.asyncio.sentinel import Sentinel as AsyncSentinel
from redis.backoff import NoBackoff
from redis.exceptions import NoScriptError, RedisError
from redis.retry import Retry
from redis.sentinel import Sentinel

from shop.breaker import Breaker
from shop.errors import UnavailableError
from shop.settings import Settings, SettingsError, read_secret

T = TypeVar("T")

ANSWER_SECONDS = 1.0  # a cache that is slower than this is none
SEND_SECONDS = 2.5  # what should arrive may take longer
CONNECTIONS = 16
RETRY_SECONDS = 3.0
PAUSE_SECONDS = 0.2
_TIMEOUTS = {"socket_connect_timeout": 2.0, "socket_timeout": 2.0, "socket_keepalive": True}


class FileCredentials(redis.CredentialProvider):
    """Reads the password at each connection, so a rotated file needs no restart."""

    def __init__(self, settings: Settings, *, sentinel: bool) -> None:
        link = settings.redis
        self._user = link.sentinel_user if sentinel else link.user
        self._file = link.sentinel_password_file if sentinel else link.password_file

    def get_credentials(self) -> tuple[str] | tuple[str, str]:
        try:
            password = read_secret(self._file)
        except SettingsError as error:
            raise redis.AuthenticationError(str(error)) from error
        return (self._user, password) if self._user else (password,)

    async def get_credentials_async(self) -> tuple[str] | tuple[str, str]:
        return self.get_credentials()


def _sentinel_options(settings: Settings, once: Retry | AsyncRetry) -> dict[str, Any]:
    """No retry inside redis-py: it repeats on the old master's address (redis/redis-py#3874).

    A command repeated from outside takes a connection anew, and so asks Sentinel again.
    """
    tls = {"ssl": True, "ssl_ca_certs": str(settings.authority), "ssl_check_hostname": True}
    # A dead sentinel costs little: there are others.
    sentinel = {
        **tls,
        "retry": once,
        "socket_connect_timeout": 0.5,
        "socket_timeout": 0.5,
        "credential_provider": FileCredentials(settings, sentinel=True),
    }
    return {
        "sentinels": list(settings.redis.sentinels),
        "sentinel_kwargs": sentinel,
        **tls,
        **_TIMEOUTS,
        "retry": once,
        "credential_provider": FileCredentials(settings, sentinel=False),
        "client_name": f"shop-{settings.instance}",
    }


def async_client(settings: Settings) -> Redis:
    options = _sentinel_options(settings, AsyncRetry(NoBackoff(), 0))
    sentinel = AsyncSentinel(**options, decode_responses=True)  # type: ignore[no-untyped-call]
    client: Redis = sentinel.master_for(settings.redis.master)
    return client


def steady_client(settings: Settings) -> "SteadyRedis":
    """For dramatiq, which is not asynchronous."""
    options = _sentinel_options(settings, Retry(NoBackoff(), 0))
    sentinel = Sentinel(**options)  # type: ignore[no-untyped-call]
    client: SteadyRedis = sentinel.master_for(  # type: ignore[no-untyped-call]
        settings.redis.master, redis_class=SteadyRedis
    )
    return client


def brief(error: BaseException) -> str:
    """Sentinel's errors describe each client with all its options; the cause stands at the end."""
    return f"{type(error).__name__}: {str(error)[-160:]}"


class LinkLost(redis.ConnectionError, ConnectionClosed):
    """Both a Redis and a dramatiq connection error, so that each of their handlers takes it as one.

    Dramatiq 2 restarts a consumer after connection errors only. A time-out, a READONLY or a NOREPLICAS answer
    in the middle of a failover is none, and one raised while it puts messages back ends the thread for good.
    """


class SteadyRedis(redis.Redis):
    """Repeats a command for as long as an ordinary failover takes."""

    def execute_command(self, *args: Any, **options: Any) -> Any:
        last_start = monotonic() + RETRY_SECONDS
        while True:
            try:
                return super().execute_command(*args, **options)  # type: ignore[no-untyped-call]
            except NoScriptError:
                raise  # tells the Lua helper to load its script
            except RedisError as error:
                passing = isinstance(error, redis.ConnectionError | redis.TimeoutError)
                if not passing or monotonic() > last_start:
                    raise LinkLost(brief(error)) from error
            sleep(PAUSE_SECONDS)


class RedisLink:
    """The asynchronous client behind a breaker: while Redis is away, callers learn it at once."""

    def __init__(self, client: Redis, breaker: Breaker) -> None:
        self.client = client
        self.breaker = breaker
        # The pool opens a connection for each caller who finds none; a burst would open hundreds.
        self._places = asyncio.Semaphore(CONNECTIONS)

    async def call(self, operation: Callable[[Redis], Awaitable[T]], seconds: float = ANSWER_SECONDS) -> T:
        if not self.breaker.allows():
            raise UnavailableError("redis", "its breaker is open")
        try:
            async with asyncio.timeout(seconds), self._places:
                answer = await self._twice(operation)
        except (RedisError, OSError, TimeoutError) as error:
            self.breaker.failed()
            raise UnavailableError("redis", brief(error)) from error
        self.breaker.succeeded()
        return answer

    async def _twice(self, operation: Callable[[Redis], Awaitable[T]]) -> T:
        """An idle connection may have been closed by the other side; the second one is new."""
        try:
            return await operation(self.client)
        except redis.ConnectionError:
            return await operation(self.client)

    async def close(self) -> None:
        await self.client.aclose()
