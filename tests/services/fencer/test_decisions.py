"""What a fencer may do, in every state that it can be left in. The store of these tests is a register with revisions,
as etcd is one: what is decided late, twice or by two is carried out against it."""

import itertools
from dataclasses import dataclass, field, replace

import pytest
from fencer.decisions import Delete, Kill, Lock, Nothing, Seen, on_death, on_second_look, on_suspicion, quorum

OLD = Lock("postgres-1", 7)
WITNESSES = frozenset({"fencer-1", "fencer-2", "fencer-3"})
LEADS = Seen(OLD, paused=False, suspects={})


def suspected(*witnesses: str, lock: Lock = OLD, seen: Seen = LEADS) -> Seen:
    return replace(seen, suspects={lock: frozenset(witnesses)})


@dataclass
class Register:
    """The leader key. `deleted` notes whose lock was deleted."""

    lock: Lock | None = OLD
    deleted: list[Lock] = field(default_factory=list)
    revision: int = 7

    def write(self, holder: str) -> Lock:
        self.revision += 1
        self.lock = Lock(holder, self.revision)
        return self.lock

    def apply(self, verdict: Delete | Kill | Nothing) -> bool:
        if isinstance(verdict, Nothing) or self.lock != verdict.lock:
            return False
        self.deleted.append(verdict.lock)
        self.lock = None
        return True


@pytest.mark.parametrize(("witnesses", "least"), [(3, 2), (5, 3), (7, 4), (4, 3)])
def test_a_majority_is_of_all_witnesses(witnesses: int, least: int) -> None:
    assert quorum(witnesses) == least


def test_nobody_is_killed_on_the_word_of_a_minority() -> None:
    for count in range(4):
        for witnesses in itertools.combinations(sorted(WITNESSES), count):
            verdict = on_suspicion("postgres-1", 2, suspected(*witnesses))
            assert isinstance(verdict, Kill) == (count >= 2)


def test_who_does_not_lead_is_left_alone() -> None:
    seen = suspected(*WITNESSES)
    assert isinstance(on_suspicion("postgres-2", 2, seen), Nothing)
    assert isinstance(on_suspicion("postgres-1", 2, replace(seen, lock=None)), Nothing)
    assert isinstance(on_suspicion("postgres-1", 2, replace(seen, lock=Lock("postgres-2", 9))), Nothing)


def test_what_was_suspected_of_a_lock_before_is_not_held_against_the_next() -> None:
    seen = suspected(*WITNESSES, seen=replace(LEADS, lock=Lock("postgres-1", 12)))
    assert isinstance(on_suspicion("postgres-1", 2, seen), Nothing)


def test_a_pause_of_patroni_is_a_pause_of_the_fencer() -> None:
    paused = replace(suspected(*WITNESSES), paused=True)
    assert isinstance(on_suspicion("postgres-1", 2, paused), Nothing)
    assert isinstance(on_death("postgres-1", paused), Nothing)
    assert isinstance(on_second_look("postgres-1", paused, successor=False), Nothing)


def test_a_dead_leader_loses_its_lock_at_once() -> None:
    register = Register()
    assert register.apply(on_death("postgres-1", LEADS))
    assert register.lock is None


def test_a_dead_replica_changes_nothing() -> None:
    assert isinstance(on_death("postgres-2", LEADS), Nothing)
    assert isinstance(on_second_look("postgres-2", LEADS, successor=False), Nothing)


def test_a_planned_stop_has_given_the_lock_away_already() -> None:
    register = Register()
    register.write("postgres-2")
    assert not register.apply(on_death("postgres-1", LEADS))
    assert isinstance(
        on_second_look("postgres-1", Seen(register.lock, paused=False, suspects={}), successor=False), Nothing
    )


def test_a_lock_that_the_restarted_member_wrote_is_not_deleted() -> None:
    register = Register()
    register.write("postgres-1")  # between the proof and the transaction
    assert not register.apply(on_death("postgres-1", LEADS))
    verdict = on_second_look("postgres-1", Seen(register.lock, paused=False, suspects={}), successor=True)
    assert isinstance(verdict, Nothing)


def test_a_lock_taken_just_before_death_is_found_at_the_second_look() -> None:
    register = Register()
    lock = register.write("postgres-1")
    assert not register.apply(on_death("postgres-1", None))
    assert register.apply(on_second_look("postgres-1", Seen(lock, paused=False, suspects={}), successor=False))


def test_a_fencer_that_is_started_between_kill_and_deletion_knows_nothing_and_does_nothing() -> None:
    assert isinstance(on_death("postgres-1", None), Nothing)


@pytest.mark.parametrize("happened", [(), ("postgres-2",), ("postgres-1",), ("postgres-2", "postgres-1")])
def test_late_doubled_and_rival_transactions_delete_only_the_dead_ones_lock(happened: tuple[str, ...]) -> None:
    """Both of two fencers, each sending twice, before and after what others write."""
    register = Register()
    verdicts = [on_death("postgres-1", LEADS), on_suspicion("postgres-1", 2, suspected(*WITNESSES))] * 2
    register.apply(verdicts[0])
    for holder in happened:
        register.write(holder)
    for verdict in verdicts:
        register.apply(verdict)
    assert register.deleted == [OLD]
    assert happened == () or (register.lock is not None and register.lock.holder == happened[-1])
