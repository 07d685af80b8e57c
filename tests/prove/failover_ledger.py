"""What the writers asked for, and what the clients saw: each must agree with the log."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from prove.exact import Digest, digest


@dataclass
class Seen:
    """Every event that a client saw, by stream and position, and what contradicts another."""

    digests: dict[tuple[str, int], Digest] = field(default_factory=dict)
    findings: list[str] = field(default_factory=list)

    def note(self, stream: str, event: dict[str, Any]) -> None:
        """Record an event."""
        place, found = (stream, event["position"]), digest(event)
        if self.digests.setdefault(place, found) != found:
            self.findings.append(f"I7: two different events at {place}")

    def listener_of(self) -> Callable[[dict[str, Any]], None]:
        """Return a function that takes one client's messages."""
        stream = ""

        def hear(message: dict[str, Any]) -> None:
            nonlocal stream
            if message["type"] == "hello":
                stream = message["stream"]
            elif message["type"] == "reset" and message["reason"] == "unknown_stream":
                stream = ""  # only the next hello names the new one
            elif message["type"] == "events" and not message.get("conflated") and stream:
                for event in message["events"]:
                    self.note(stream, event)

        return hear


@dataclass
class Ledger:
    """What the writers asked for, by the text that each transaction wrote."""

    acknowledged: set[str] = field(default_factory=set)
    in_doubt: set[str] = field(default_factory=set)
    lost: set[str] = field(default_factory=set)

    def compare(self, logged: Counter[str]) -> tuple[int, list[str]]:
        """Return how many acknowledged transactions the log lacks, and what is wrong."""
        known = self.acknowledged | self.in_doubt
        findings = [f"I1: {text!r} is {n} events" for text, n in logged.items() if n > 1]
        findings += [f"I1: no writer wrote {text!r}" for text in logged if text not in known]
        findings += [f"{text!r} was lost and is back" for text in self.lost & set(logged)]
        lost = self.acknowledged - self.lost - set(logged)
        self.lost |= lost
        return len(lost), findings
