"""The doorbell's protocol, model-checked: every interleaving of writers and listener (I3).

The model has the steps of ``order_writer_silent`` and ``Relay._work`` (db/init.sql, relay.py), each
atomic, as each is one statement or one lock operation. A state in which nobody can move and a
committed change waits is a lost wake-up. The protocol has none; each step left out makes one.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TypeVar

import pytest

T = TypeVar("T")

WRITERS = 2

# What each writer does next.
SILENT, LOOK, RING, COMMIT, DONE = "silent", "look", "ring", "commit", "done"
# What the listener does next.
DRAIN, SLEEP, SETTLE, LAST_DRAIN, WAIT, WAKE = (
    "drain", "sleep", "settle", "last drain", "wait", "wake",
)  # fmt: skip


@dataclass(frozen=True)
class State:
    """Everything there is: program counters, locks, what is committed and what has rung."""

    writers: tuple[str, ...] = (SILENT,) * WRITERS
    listener: str = DRAIN
    holds_silent: tuple[bool, ...] = (False,) * WRITERS
    rings: tuple[bool, ...] = (False,) * WRITERS
    waiting: frozenset[int] = frozenset()
    asleep: bool = False
    bell: bool = False


def steps(state: State, without: str) -> Iterator[State]:
    """Yield every state that one step of anybody leads to."""
    for writer in range(WRITERS):
        if state.writers[writer] != DONE:
            yield _writer_step(state, writer, without)
    yield from _listener_steps(state, without)


def _writer_step(state: State, writer: int, without: str) -> State:
    match state.writers[writer]:
        case "silent":
            holds = without != "silent lock"
            return _set(replace(state, holds_silent=_at(state.holds_silent, writer, holds)),
                        writer, LOOK)  # fmt: skip
        case "look":
            rings = state.asleep and without != "ring"
            return _set(replace(state, rings=_at(state.rings, writer, rings)), writer, COMMIT)
        case _:  # commit: the change is visible, the bell sounds if rung, locks are gone
            bell = state.bell or state.rings[writer]
            committed = replace(
                state,
                waiting=state.waiting | {writer},
                bell=bell,
                holds_silent=_at(state.holds_silent, writer, value=False),
            )
            return _set(committed, writer, DONE)


def _listener_steps(state: State, without: str) -> Iterator[State]:
    match state.listener:
        case "drain":
            yield replace(state, waiting=frozenset(), listener=SLEEP)
        case "sleep":
            yield replace(state, asleep=without != "asleep lock", listener=SETTLE)
        case "settle":
            if without == "settling" or not any(state.holds_silent):
                last = WAIT if without == "last drain" else LAST_DRAIN
                yield replace(state, listener=last)
            elif state.waiting:
                yield replace(state, waiting=frozenset())
        case "last drain":
            yield replace(state, waiting=frozenset(), listener=WAIT)
        case "wait":
            if state.bell:  # after a burst it wakes up, else it drains and waits again
                yield replace(state, bell=False, listener=WAKE)
                yield replace(state, bell=False, listener=LAST_DRAIN)
        case "wake":
            yield replace(state, waiting=frozenset(), asleep=False, listener=DRAIN)


def _set(state: State, writer: int, step: str) -> State:
    return replace(state, writers=_at(state.writers, writer, step))


def _at(values: tuple[T, ...], index: int, value: T) -> tuple[T, ...]:
    return (*values[:index], value, *values[index + 1 :])


def lost_wakeups(without: str = "") -> list[State]:
    """Explore every reachable state; return those that are stuck with a change waiting."""
    seen = {State()}
    todo = [State()]
    lost = []
    while todo:
        state = todo.pop()
        following = list(steps(state, without))
        if not following and state.waiting:
            lost.append(state)
        for found in following:
            if found not in seen:
                seen.add(found)
                todo.append(found)
    return lost


def test_no_interleaving_loses_a_wakeup() -> None:
    """I3: whatever the order of steps, a committed change is taken or has rung."""
    assert lost_wakeups() == []


@pytest.mark.parametrize("step", ["silent lock", "asleep lock", "ring", "settling", "last drain"])
def test_every_step_is_needed(step: str) -> None:
    """The model can fail: with any one step left out, a wake-up is lost."""
    assert lost_wakeups(without=step) != []
