"""Warnings about the sizes of outbox and log, and about transactions that hold up vacuum. Pure."""

from dataclasses import dataclass

HIDDEN_AFTER = 2_000_000
"""PostgreSQL may hide a session's times from the API's role. Such a session counts as old after
this many later transactions: about a day at 20 writes per second."""

_OLDEST = {
    "session": "the session with pid {who} has had a transaction open for {age}",
    "prepared": "the prepared transaction {who} has been open for {age}",
    "slot": "the replication slot {who} keeps rows of {age} ago",
}


@dataclass(frozen=True, slots=True)
class Thresholds:
    """Limits beyond which the system is degraded: sizes in MB, age of a transaction in seconds."""

    outbox_mb: int
    log_mb: int
    transaction_s: int


@dataclass(frozen=True, slots=True)
class Storage:
    """The sizes of outbox and log in bytes, and what has held back vacuum for too long.

    ``kind`` is ``session``, ``prepared`` or ``slot``; empty if nothing has. ``seconds`` is the age
    of the transaction, None if not known; ``transactions`` is the number of later transactions.
    """

    outbox_bytes: int
    log_bytes: int
    kind: str = ""
    who: str = ""
    seconds: float | None = None
    transactions: int = 0


EMPTY = Storage(0, 0)


def warning(storage: Storage, limits: Thresholds) -> str | None:
    """Return one sentence about all limits that are exceeded, or None."""
    reasons = []
    if storage.kind:
        known = storage.seconds is not None
        age = f"{storage.seconds:,.0f} s" if known else f"{storage.transactions:,} transactions"
        oldest = _OLDEST[storage.kind].format(who=storage.who, age=age)
        reasons.append(f"{oldest}, and no vacuum removes rows that it could see: end it")
    if storage.outbox_bytes > limits.outbox_mb * 1_000_000:
        reasons.append(
            f"the outbox has {storage.outbox_bytes / 1e6:,.0f} MB: changes are not taken, or no"
            " vacuum removes those that were"
        )
    if storage.log_bytes > limits.log_mb * 1_000_000:
        reasons.append(
            f"the log has {storage.log_bytes / 1e6:,.0f} MB: set RETENTION, or raise LOG_WARN_MB"
        )
    return "; ".join(reasons) or None
