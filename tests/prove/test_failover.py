"""`make prove-failover` for one fault: the primary is lost while its standbys are cut off."""

import pytest

from harness.patroni import missing
from prove import failover

pytestmark = pytest.mark.anyio


@pytest.mark.slow
@pytest.mark.skipif(bool(missing()), reason=missing() or "-")
async def test_a_primary_is_lost_while_its_standbys_lag() -> None:
    """I7: with Patroni, etcd and HAProxy, clients of every kind equal the primary that survived."""
    report = await failover.Proof(1, 1, quiet=True).run()
    assert not report.findings, "\n".join([*report.lines, *report.findings])
    assert any("another stream" in line for line in report.lines), report.lines
