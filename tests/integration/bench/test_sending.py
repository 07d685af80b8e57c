"""The loop in C that tells what sending alone costs, over real sockets."""

import subprocess

import pytest

from bench.load.sending import Sends, measure


def _measure(size: int) -> Sends:
    found = measure(size, rest_s=0)
    if found is None:
        pytest.skip("there is no C compiler")
    return found


def test_both_ways_of_sending_are_timed() -> None:
    """By send, and by io_uring where the kernel allows it."""
    found = _measure(280)
    assert found.send_us > 0
    assert found.queued_us is None or found.queued_us > 0


def test_what_was_not_sent_is_not_timed() -> None:
    """More than a socket takes at once: no figure, but an error."""
    with pytest.raises(subprocess.CalledProcessError):
        _measure(64 * 1024 * 1024)
