"""The committed changes by the writers' own account, independent of the database's log. Pure."""

from collections import Counter
from collections.abc import Hashable
from dataclasses import dataclass, field
from enum import StrEnum

Fact = tuple[str, str, Hashable, int | None]
"""Table, operation, primary key, and the version of the row afterwards."""


class Outcome(StrEnum):
    """The outcome of a transaction, as far as its writer knows."""

    OPEN = "open"
    COMMITTED = "committed"
    ROLLED_BACK = "rolled back"
    IN_DOUBT = "in doubt"


@dataclass
class Transaction:
    """One transaction: the changes of each of its statements, in order."""

    actor: str
    statements: list[list[Fact]] = field(default_factory=list)
    outcome: Outcome = Outcome.OPEN

    def agrees(self, logged: list[Fact]) -> bool:
        """Return whether the log has exactly these changes, statement by statement.

        The rows of one statement come in no particular order.
        """
        at = 0
        for facts in self.statements:
            if Counter(logged[at : at + len(facts)]) != Counter(facts):
                return False
            at += len(facts)
        return at == len(logged)


class Ledger:
    """The transactions of all writers that have not been compared with the log."""

    def __init__(self) -> None:
        """Start empty."""
        self.waiting: dict[str, Transaction] = {}
        self.outcomes: Counter[Outcome] = Counter()
        self.changes = 0
        self.refusals: list[str] = []
        """Writes that failed for a reason that the stream caused (I5)."""

    def open(self, actor: str) -> Transaction:
        """Record the beginning of a transaction; each has its own actor."""
        assert actor not in self.waiting, actor
        opened = self.waiting[actor] = Transaction(actor)
        return opened

    def close(self, transaction: Transaction, outcome: Outcome) -> None:
        """Record the outcome of a transaction."""
        transaction.outcome = outcome
        self.outcomes[outcome] += 1
        if outcome is Outcome.COMMITTED:
            self.changes += sum(map(len, transaction.statements))

    def compare(self, logged: dict[str, list[Fact]]) -> list[str]:
        """Return the differences between log and writers; both forget what was compared.

        Call it when no transaction commits and every event is in the log.
        """
        findings = [
            finding
            for transaction in self.waiting.values()
            if (finding := _compare(transaction, logged.pop(transaction.actor, [])))
        ]
        findings += [f"the log has changes by {actor}, which no writer made" for actor in logged]
        still_open = [each for each in self.waiting.values() if each.outcome is Outcome.OPEN]
        self.waiting = {each.actor: each for each in still_open}
        logged.clear()
        return findings


def _compare(transaction: Transaction, logged: list[Fact]) -> str | None:
    if transaction.outcome is not Outcome.COMMITTED:
        if not logged:
            return None
        return f"{transaction.actor} is {transaction.outcome}, and the log has {logged[:5]}"
    if transaction.agrees(logged):
        return None
    return (
        f"{transaction.actor} committed {transaction.statements!r:.500},"
        f" and the log has {logged!r:.500}"
    )
