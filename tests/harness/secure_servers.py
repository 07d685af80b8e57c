"""PostgreSQL and Redis that speak TLS: Debian's packages, since the embedded servers do not."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from harness.certificates import Authority, Pair
from harness.ports import free_port
from harness.processes import LOOPBACK, program
from harness.servers import OLDEST_POSTGRES, Postgres
from harness.waiting import until

_REDIS_OPTIONS = ["--port", "0", "--bind", LOOPBACK, "--save", "", "--appendonly", "no"]
# Services need TLS and a certificate of their own; the owner, whom tests connect as, does not.
_RULES = """\
local all all trust
host all orders 127.0.0.1/32 scram-sha-256
hostssl all all 127.0.0.1/32 scram-sha-256 clientcert=verify-ca
"""


@dataclass(frozen=True)
class Certificates:
    """An authority, a server's and a client's certificate that it signed, another authority."""

    authority: Authority
    stranger: Authority
    server: Pair
    client: Pair

    def for_postgres(self, url: str) -> str:
        """Return a database's URL with the parameters of TLS that a client needs."""
        return (
            f"{url}?sslmode=verify-full&sslrootcert={self.authority.root}"
            f"&sslcert={self.client.certificate}&sslkey={self.client.key}"
        )

    def for_redis(self, port: int, kind: str = "", path: str = "/0") -> str:
        """Return the URL of a Redis that asks for certificates; ``kind`` is as in its scheme."""
        return (
            f"rediss{kind}://{LOOPBACK}:{port}{path}?ssl_ca_certs={self.authority.root}"
            f"&ssl_certfile={self.client.certificate}&ssl_keyfile={self.client.key}"
        )


@contextmanager
def certificates() -> Iterator[Certificates]:
    """Create certificates, in files that the servers can read."""
    with tempfile.TemporaryDirectory(prefix="orders-tls-") as place:
        folder = Path(place)
        folder.chmod(0o755)
        authority = Authority(folder)
        yield Certificates(
            authority,
            Authority(folder, "stranger"),
            authority.sign("localhost", for_nobody=True),
            authority.sign("client"),
        )


@contextmanager
def secure_postgres(files: Certificates) -> Iterator[Postgres]:
    """Start PostgreSQL 15, which admits services only with TLS and a client certificate."""
    if not OLDEST_POSTGRES.exists():
        pytest.skip("PostgreSQL 15 is not installed (Debian's postgresql-15)")
    rules = files.authority.root.with_name("pg_hba.conf")
    rules.write_text(_RULES)
    options = {
        "hba_file": str(rules),
        "ssl": "on",
        "ssl_cert_file": str(files.server.certificate),
        "ssl_key_file": str(files.server.key),
        "ssl_ca_file": str(files.authority.root),
    }
    server = Postgres(options=options, programs=OLDEST_POSTGRES)
    yield server
    server.close()


@contextmanager
def secure_redis(files: Certificates, *more: str, sentinel_of: int | None = None) -> Iterator[int]:
    """Start a Redis that speaks only TLS, to clients with a certificate; yield its port.

    ``more`` are more flags. With ``sentinel_of``, start a Sentinel that watches the Redis at that
    port.
    """
    binary = shutil.which("redis-server", path=f"{os.environ['PATH']}:/usr/bin")
    if binary is None:
        pytest.skip("Redis is not installed (Debian's redis-server)")
    port = free_port()
    options = {
        "tls-port": str(port),
        "tls-cert-file": str(files.server.certificate),
        "tls-key-file": str(files.server.key),
        "tls-ca-cert-file": str(files.authority.root),
        "tls-replication": "yes",
    }
    flags = [part for name, value in options.items() for part in (f"--{name}", value)]
    with tempfile.TemporaryDirectory(prefix="orders-redis-") as folder:
        command = [binary, *_REDIS_OPTIONS, "--dir", folder]
        if sentinel_of is not None:
            file = Path(folder) / "sentinel.conf"
            file.write_text(f"sentinel monitor secure {LOOPBACK} {sentinel_of} 1\n")
            command = [binary, str(file), "--sentinel", "--port", "0", "--bind", LOOPBACK]
        with program([*command, *flags, *more]) as process:
            ready = "monitor master" if sentinel_of else "Ready to accept"
            until(lambda: ready in process.output() or not process.running, 20, "Redis ready")
            assert process.running, process.output()
            yield port
