"""A program of the stack: its command, and the check that it is ready."""

from collections.abc import Mapping
from dataclasses import dataclass
from signal import Signals


@dataclass(frozen=True)
class Program:
    """A program, its settings and its signals. Every restart uses the same values."""

    name: str
    command: tuple[str, ...]
    environment: Mapping[str, str]
    ready_url: str
    """The program is ready once this URL answers: http a GET with 200, redis a PING, postgresql a
    SELECT 1."""
    stop_signal: Signals = Signals.SIGTERM
    kill_signal: Signals = Signals.SIGKILL
    """Also sent by the kernel if ``orders up`` itself is killed."""
    user_options: tuple[str, ...] = ()
    """Options of setpriv(1) that change the user."""
    bad_settings_status: int | None = None
    """Exit status that means that the settings are not valid, so a restart would not help."""
