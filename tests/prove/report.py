"""What a run did and found, on the terminal and in ``test-results``."""

import shutil
import sys
import time
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from harness.servers import REPOSITORY
from prove.audit import Audit
from prove.ledger import Ledger
from prove.system import Member

_SHOWN = 20


class Report:
    """The lines and the findings of one run."""

    def __init__(self, seed: int, *, quiet: bool) -> None:
        """Start empty. ``quiet``: print nothing."""
        self.seed = seed
        self._quiet = quiet
        self._began = time.monotonic()
        self.lines: list[str] = []
        self.findings: list[str] = []

    def note(self, line: str) -> None:
        """Add a line to the log of the run."""
        self.lines.append(f"{time.monotonic() - self._began:8.3f}  {line}")

    def say(self, line: str) -> None:
        """Add a line and print it."""
        self.note(line)
        if not self._quiet:
            sys.stdout.write(f"{line}\n")
            sys.stdout.flush()

    def find(self, findings: Iterable[str]) -> None:
        """Record findings."""
        for finding in findings:
            self.findings.append(finding)
            if len(self.findings) <= _SHOWN:
                self.say(f"FINDING  {finding}")

    def keep(self, audits: list[Audit], members: list[Member]) -> Path:
        """Write findings, logs and stories to a folder; return it."""
        folder = REPOSITORY / "test-results" / "prove" / str(self.seed)
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        (folder / "findings.txt").write_text("\n".join(self.findings) + "\n")
        (folder / "run.txt").write_text("\n".join(self.lines) + "\n")
        for member in members:
            (folder / f"{member.name}.log").write_text(member.said())
        for audit in audits:
            if any(finding.startswith(f"{audit.name}:") for finding in self.findings):
                (folder / f"{audit.name.replace(' ', '-')}.txt").write_text(
                    "\n".join(audit.story) + "\n"
                )
        return folder


def summary(
    ledger: Ledger, audits: list[Audit], faults: Counter[str], log: int, schema: Counter[str]
) -> list[str]:
    """Return a summary in a few lines."""
    seen: Counter[str] = Counter()
    for audit in audits:
        seen += audit.seen
    return [
        f"faults   {faults.total()}: {_counts(faults)}",
        f"writers  {_counts(ledger.outcomes)}; {ledger.changes} changes committed",
        f"schema   {_counts(schema)}",
        f"log      positions 1 to {log}",
        f"clients  {len(audits)}: {_counts(seen)}",
    ]


def _counts(counter: Counter[Any]) -> str:
    return ", ".join(f"{name.replace('_', ' ')} {count}" for name, count in counter.most_common())
