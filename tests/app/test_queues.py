"""The queues, their jobs and their retries."""

from dramatiq.common import compute_backoff
from shop import queues
from shop.jobs import HANDLERS
from shop.queues import Job, message
from shop.settings import QUEUES


def test_every_queue_has_a_handler() -> None:
    assert set(HANDLERS) == set(QUEUES)


def test_an_order_makes_a_job_in_each_of_its_queues() -> None:
    assert set(queues.ORDER_QUEUES) == {"dispatch", "notifications", "analytics"}


def test_a_message_carries_the_number_and_nothing_private() -> None:
    sent = message(Job("dispatch", 7))
    assert (sent.queue_name, sent.actor_name, sent.args, sent.kwargs) == ("dispatch", "dispatch", (7,), {})


def test_retries_back_off_and_end_within_two_minutes() -> None:
    delays = [
        compute_backoff(attempt, factor=queues.MIN_BACKOFF_MS, max_backoff=queues.MAX_BACKOFF_MS)[1]
        for attempt in range(queues.MAX_RETRIES)
    ]
    assert queues.MAX_RETRIES == 5
    assert all(1_000 * 2**n <= delay <= 2_000 * 2**n for n, delay in enumerate(delays))
    assert 31_000 <= sum(delays) <= 120_000
