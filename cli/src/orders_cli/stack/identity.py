"""As whom PostgreSQL runs. It refuses to run as root, and rightly so."""

import os
from pathlib import Path

from orders_cli.errors import StackError
from orders_cli.stack.launcher import CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH
from orders_cli.stack.plan import Identity

NOBODY = 65_534


def unprivileged_identity(paths: tuple[Path, ...]) -> Identity | None:
    """Return whom to run a program as that uses these paths; nobody else when we are not root.

    A path that nobody may reach (a clone below a home folder of mode 700) is reached with one
    capability, the least that will do; nothing has to be copied or opened up.

    Raises:
        StackError: we are root and have no such capability to give.

    """
    if os.geteuid() != 0:
        return None
    closed = [path for path in paths if not is_open_to_all(path)]
    if not closed:
        return Identity(NOBODY, NOBODY)
    for capability in (CAP_DAC_READ_SEARCH, CAP_DAC_OVERRIDE):
        if capability in _capabilities():
            return Identity(NOBODY, NOBODY, capability)
    raise StackError(
        f"PostgreSQL does not run as root, and other users cannot reach {closed[0]}: "
        "run as an ordinary user, or move the folder to where all may read"
    )


def is_open_to_all(path: Path) -> bool:
    """Tell whether every user may reach a path."""
    folders = path.resolve().parents
    return path.stat().st_mode & 0o5 == 0o5 and all(
        folder.stat().st_mode & 0o1 for folder in folders
    )


def _capabilities() -> set[int]:
    """Return the capabilities this process may hand on (Linux)."""
    status = Path("/proc/self/status")
    if not status.exists():
        return set()
    fields = dict(line.split(":\t", 1) for line in status.read_text().splitlines() if ":\t" in line)
    mask = int(fields["CapPrm"], 16) & int(fields["CapBnd"], 16)
    return {bit for bit in range(mask.bit_length()) if mask >> bit & 1}
