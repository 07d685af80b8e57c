"""The doorbell's protocol, model-checked: every interleaving of writers and listener (I3).

The model has the steps of ``order_writer_silent`` (init.sql) and ``Relay._work`` (relay.py). Each
is atomic, being one statement or one lock operation. The sign of life of a listener that is stopped
expires, and writers then do not notify. A state without a next step in which a committed change
waits is a lost wake-up. The protocol has no such state; leaving out any step produces one.
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
DRAIN, SLEEP, SAY_WELL, SETTLE, LAST_DRAIN, WAIT, WAKE = (
    "drain", "sleep", "say well", "settle", "last drain", "wait", "wake",
)  # fmt: skip

FREEZES = 1
"""How often the listener's sign of life may expire, at any moment."""


@dataclass(frozen=True)
class State:
    """The whole state: program counters, locks, committed changes and notifications."""

    writers: tuple[str, ...] = (SILENT,) * WRITERS
    listener: str = DRAIN
    holds_silent: tuple[bool, ...] = (False,) * WRITERS
    rings: tuple[bool, ...] = (False,) * WRITERS
    waiting: frozenset[int] = frozenset()
    asleep: bool = False
    bell: bool = False
    well: bool = False
    freezes: int = 0


def steps(state: State, without: str) -> Iterator[State]:
    """Yield every state that one step of a writer or the listener leads to."""
    for writer in range(WRITERS):
        if state.writers[writer] != DONE:
            yield _writer_step(state, writer, without)
    yield from _listener_steps(state, without)
    if state.well and state.freezes < FREEZES:
        yield replace(state, well=False, freezes=state.freezes + 1)


def _writer_step(state: State, writer: int, without: str) -> State:
    match state.writers[writer]:
        case "silent":
            holds = without != "silent lock"
            return _set(replace(state, holds_silent=_at(state.holds_silent, writer, holds)),
                        writer, LOOK)  # fmt: skip
        case "look":
            rings = state.asleep and state.well and without != "ring"
            return _set(replace(state, rings=_at(state.rings, writer, rings)), writer, COMMIT)
        case _:  # commit: the change is visible, the notification is sent, locks are released
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
            yield replace(state, asleep=without != "asleep lock", listener=_first(without))
        case "wait":
            yield from _waiting_steps(state, without)
        case "wake":
            yield replace(state, waiting=frozenset(), asleep=False, listener=DRAIN)
        case _:
            yield from _settling_steps(state, without)


def _settling_steps(state: State, without: str) -> Iterator[State]:
    match state.listener:
        case "say well":
            following = LAST_DRAIN if without == "say well before settling" else SETTLE
            yield replace(state, well=True, listener=following)
        case "settle":
            if without == "settling" or not any(state.holds_silent):
                yield replace(state, listener=_after_settling(without))
            elif state.waiting:
                yield replace(state, waiting=frozenset(), listener=_first(without))
        case "last drain":
            yield replace(state, waiting=frozenset(), listener=WAIT)


def _waiting_steps(state: State, without: str) -> Iterator[State]:
    if state.bell:  # after a burst it wakes up, else it takes what waits and waits again
        yield replace(state, bell=False, listener=WAKE)
        yield replace(state, bell=False, waiting=frozenset())
    if not state.well:  # a second has passed since the last sign of life
        if without == "settle when well again":
            yield replace(state, well=True)
        else:
            yield replace(state, listener=_first(without))


def _first(without: str) -> str:
    """Return the first step of settling."""
    return SETTLE if without == "say well before settling" else SAY_WELL


def _after_settling(without: str) -> str:
    if without == "say well before settling":
        return SAY_WELL
    return WAIT if without == "last drain" else LAST_DRAIN


def _set(state: State, writer: int, step: str) -> State:
    return replace(state, writers=_at(state.writers, writer, step))


def _at(values: tuple[T, ...], index: int, value: T) -> tuple[T, ...]:
    return (*values[:index], value, *values[index + 1 :])


def lost_wakeups(without: str = "") -> list[State]:
    """Explore every reachable state; return those without a next step while a change waits."""
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
    """I3: in any order of steps, a committed change is taken or has sent a notification."""
    assert lost_wakeups() == []


@pytest.mark.parametrize(
    "step",
    [
        "silent lock",
        "asleep lock",
        "ring",
        "say well before settling",
        "settling",
        "last drain",
        "settle when well again",
    ],
)
def test_every_step_is_needed(step: str) -> None:
    """The model can fail: without any one of its steps, a wake-up is lost."""
    assert lost_wakeups(without=step) != []
