"""PgBouncer, a connection pool, before a PostgreSQL server of the tests."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest

from harness.ports import free_port
from harness.processes import LOOPBACK, NOBODY, program
from harness.roles import API_ROLE, LISTENER_ROLE
from harness.servers import Database
from harness.waiting import until


@contextmanager
def pgbouncer(database: Database, mode: str) -> Iterator[Database]:
    """Start PgBouncer with Debian's defaults in a pool mode; yield the database through it.

    Skip the test if PgBouncer is not installed.
    """
    binary = shutil.which("pgbouncer", path=f"{os.environ['PATH']}:/usr/sbin")
    if binary is None:
        pytest.skip("PgBouncer is not installed (Debian's pgbouncer)")
    with tempfile.TemporaryDirectory(prefix="orders-pgbouncer-") as place:
        folder, through = Path(place), replace(database, port=free_port())
        users = (database.user, API_ROLE, LISTENER_ROLE)
        (folder / "users").write_text("".join(f'"{u}" "{database.password}"\n' for u in users))
        (folder / "ini").write_text(
            f"[databases]\n* = host={database.host} port={database.port}\n"
            f"[pgbouncer]\nlisten_addr = {LOOPBACK}\nlisten_port = {through.port}\n"
            f"auth_type = scram-sha-256\nauth_file = {folder / 'users'}\npool_mode = {mode}\n"
            "default_pool_size = 4\nunix_socket_dir =\n"
        )
        for path in (folder, *folder.iterdir()):
            os.chown(path, NOBODY, NOBODY) if os.geteuid() == 0 else None
        with program([binary, str(folder / "ini")], as_nobody=True) as process:

            def answers() -> bool:
                assert process.running, process.output()
                try:
                    through.connect().close()
                except psycopg.OperationalError:
                    return False
                return True

            until(answers, 20, "PgBouncer ready")
            yield through
