"""The data folder: its lock, and ``stack.json``, which says where a ready stack is."""

import contextlib
import fcntl
import json
import os
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import IO, Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from orders_cli.errors import NotRunningError, StackError

DEFAULT_DATA = Path(".data")

_LOCK = "lock"
_STATE = "stack.json"


class StackState(BaseModel):
    """What ``stack.json`` says."""

    model_config = ConfigDict(frozen=True)

    edge: str
    api: str
    gateways: Annotated[list[str], Field(min_length=1)]
    database: str
    redis: str
    pids: dict[str, int]


def write_private(path: Path, text: str) -> None:
    """Put a text into a file of mode 0600 such that nobody ever sees half of it."""
    draft = path.with_name(f".{path.name}.new")
    draft.unlink(missing_ok=True)
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
    draft.replace(path)


def publish(data: Path, state: Mapping[str, object]) -> None:
    """Say that the stack is ready, and where."""
    write_private(data / _STATE, json.dumps(state, indent=2) + "\n")


def withdraw(data: Path) -> None:
    """Say that the stack is not ready."""
    (data / _STATE).unlink(missing_ok=True)


@contextlib.contextmanager
def occupy(data: Path) -> Iterator[None]:
    """Have the data folder for oneself; it is made if need be.

    Raises:
        StackError: another ``orders up`` has it, or it cannot be written.

    """
    try:
        data.mkdir(parents=True, exist_ok=True)
        lock = (data / _LOCK).open("a+")
    except OSError as exc:
        raise StackError(f"the data folder {data} cannot be used: {exc.strerror}") from exc
    with lock:
        if not _try_lock(lock):
            raise StackError(
                f"another `orders up` is running on {data}: stop it, or choose another folder "
                "with --data"
            )
        withdraw(data)  # left behind if the previous owner was killed
        yield


def _try_lock(lock: IO[str]) -> bool:
    # More than once: a reader that asks is_occupied() has the lock for an instant.
    for _ in range(5):
        with contextlib.suppress(BlockingIOError):
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return True
        time.sleep(0.05)
    return False


def is_occupied(data: Path) -> bool:
    """Tell whether an ``orders up`` runs on this folder."""
    try:
        with (data / _LOCK).open() as lock:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except FileNotFoundError:
        return False
    except BlockingIOError:
        return True
    return False


def read_state(data: Path) -> StackState:
    """Return where the stack that keeps its data in this folder is.

    Raises:
        NotRunningError: there is none, or it is not ready.

    """
    hint = "start it with `orders up`, or name its folder with --data"
    if not is_occupied(data):
        raise NotRunningError(f"no stack is running on {data}: {hint}")
    try:
        return StackState.model_validate_json((data / _STATE).read_bytes())
    except FileNotFoundError as exc:
        raise NotRunningError(f"the stack on {data} is not ready") from exc
    except (OSError, ValidationError) as exc:
        raise NotRunningError(f"{data / _STATE} cannot be read: {exc}") from exc
