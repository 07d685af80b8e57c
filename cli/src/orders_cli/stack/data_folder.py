"""The data folder: its lock, its secrets, and ``stack.json`` (the addresses of a ready stack)."""

import contextlib
import fcntl
import json
import os
import secrets
import shlex
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from orders_cli.errors import NotRunningError, StackError

DEFAULT_DATA = Path(".data")
INTERNAL_SECRET = "internal-secret"  # noqa: S105  the name of a file
OWN_KEYS = "own keys"
"""Value of ``tokens`` in ``stack.json`` if the key in the data folder signs the tokens."""

_LOCK = "lock"
_STATE = "stack.json"
_NOT_RUNNING = (
    "no stack is running on {}; start it with `orders up`, or name its folder with --data"
)


def option(data: Path) -> str:
    """Return the option that makes a command use this folder; empty for the default folder."""
    return "" if data == DEFAULT_DATA.resolve() else f" --data {shlex.quote(str(data))}"


def write_private(path: Path, text: str) -> None:
    """Write a file with mode 0600 atomically."""
    draft = path.with_name(f".{path.name}.new")
    draft.unlink(missing_ok=True)
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
    draft.replace(path)


def secret_file(data: Path, name: str) -> Path:
    """Return the file of a secret; create it with a random secret if it does not exist."""
    file = data / name
    if not file.exists():
        write_private(file, secrets.token_urlsafe(32) + "\n")
    return file


def publish_state(data: Path, state: Mapping[str, object]) -> None:
    """Write ``stack.json``, whose presence means that the stack is ready."""
    write_private(data / _STATE, json.dumps(state, indent=2) + "\n")


def remove_state(data: Path) -> None:
    """Remove ``stack.json``, because the stack is not ready."""
    (data / _STATE).unlink(missing_ok=True)


@contextlib.contextmanager
def locked(data: Path) -> Iterator[None]:
    """Create the data folder if necessary, and hold its lock during the block.

    Raises:
        StackError: another ``orders up`` holds the lock, or the folder is not writable.

    """
    try:
        data.mkdir(parents=True, exist_ok=True)
        lock = (data / _LOCK).open("a+")
    except OSError as exc:
        raise StackError(f"the data folder {data} cannot be used: {exc.strerror}") from exc
    with lock:
        if not _try_lock(lock.fileno()):
            raise StackError(
                f"another `orders up` is running on {data}; stop it, or choose another folder "
                "with --data"
            )
        remove_state(data)  # a previous `orders up` that was killed has left it
        yield


def _try_lock(descriptor: int) -> bool:
    # Several attempts, because read_state() of other commands holds the lock for an instant.
    for _ in range(5):
        with contextlib.suppress(BlockingIOError):
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return True
        time.sleep(0.05)
    return False


def read_state(data: Path) -> dict[str, Any]:
    """Return the contents of ``stack.json``: the addresses of the stack that uses this folder.

    Raises:
        NotRunningError: no stack uses this folder, or the stack is not ready.

    """
    try:
        with (data / _LOCK).open() as lock:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        pass  # an `orders up` holds the lock
    except FileNotFoundError:
        raise NotRunningError(_NOT_RUNNING.format(data)) from None
    else:
        raise NotRunningError(_NOT_RUNNING.format(data))
    try:
        state: dict[str, Any] = json.loads((data / _STATE).read_bytes())
    except FileNotFoundError as exc:
        raise NotRunningError(f"the stack on {data} is not ready") from exc
    except OSError as exc:
        raise NotRunningError(f"{data / _STATE} cannot be read: {exc.strerror}") from exc
    return state
