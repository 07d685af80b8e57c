"""The lines of the security log."""

from typing import Any

from structlog.testing import capture_logs

from orders_access.principal import Principal
from orders_access.security_log import SecurityLog

ANN = Principal("ann", "clerk", {"store": frozenset({"Berlin"})}, token_id="secret id")


def test_lines_name_subject_and_address() -> None:
    """Lines hold subject and address, but no token id and no restriction."""
    log = SecurityLog()
    with capture_logs() as lines:
        log.signed_in(ANN, "192.0.2.7")
        log.refused(403, "192.0.2.7", "the role is not sufficient", ANN.subject)
        log.revoked(ANN, subject="eve")
    assert [line["event"] for line in lines] == ["signed_in", "refused", "revoked"]
    assert all(line["log"] == "security" for line in lines)
    assert "secret id" not in str(lines)
    assert "Berlin" not in str(lines)


def test_refusals_are_bounded_and_counted() -> None:
    """A flood of refusals is bounded, and the next line counts those left out."""
    now_s = 0.0
    log = SecurityLog(lambda: now_s)
    lines: list[Any]
    with capture_logs() as lines:
        for _ in range(1000):
            log.refused(401, "192.0.2.7")
        now_s = 10.0
        log.refused(401, "192.0.2.7")
    assert len(lines) == 51
    assert lines[-1]["left_out"] == 950
