"""Three PostgreSQL servers under Patroni, with etcd and HAProxy, as Debian installs them.

The nodes reach each other through proxies, so the network can be cut. etcd has one member, because
its elections are not what is tested.
"""

import json
import os
import shutil
import signal
import tempfile
import urllib.error
import urllib.request
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil
import psycopg

from harness.ports import free_port
from harness.processes import LOOPBACK, NOBODY, Process, program
from harness.proxy import Proxy
from harness.roles import create_roles
from harness.servers import OLDEST_POSTGRES, Database, load_schema

PROGRAMS = ("patroni", "etcd", "haproxy")
_TTL_S = 8
"""How long a primary that is cut off still leads. Then a standby is promoted."""


def missing() -> str:
    """Return which programs are not installed, as one sentence; empty if all are."""
    absent = [name for name in PROGRAMS if shutil.which(name, path=_PATH) is None]
    absent += [] if OLDEST_POSTGRES.is_dir() else ["postgresql-15"]
    packages = " ".join("etcd-server" if name == "etcd" else name for name in absent)
    return f"Patroni's laboratory needs: apt-get install {packages}" if absent else ""


_PATH = f"{os.environ['PATH']}:/usr/sbin"


class Node:
    """One PostgreSQL and its Patroni."""

    def __init__(self, name: str, folder: Path, etcd: int) -> None:
        """Prepare a node; ``open`` opens its proxies, ``start`` starts it."""
        self.name = name
        self.data = folder / name
        self._folder = folder
        self.port, self.rest = free_port(), free_port()
        self.clients, self.standbys = Proxy(self.port), Proxy(self.port)
        self.etcd, self.health = Proxy(etcd), Proxy(self.rest)
        self._process: Process | None = None
        self.is_cut_off = False
        self.output: list[str] = []

    @property
    def network(self) -> tuple[Proxy, ...]:
        """The proxies that connect the node to the others."""
        return (self.clients, self.standbys, self.etcd, self.health)

    async def open(self) -> None:
        """Open the node's proxies."""
        for proxy in self.network:
            await proxy.open()

    def start(self) -> None:
        """Start Patroni, which starts PostgreSQL."""
        if self._process is not None:
            if self._process.running:
                return
            self._end()
        configuration = self._folder / f"{self.name}.json"
        configuration.write_text(json.dumps(self._configuration()))
        self._process = program(
            [shutil.which("patroni", path=_PATH) or "", str(configuration)],
            env={"PATH": f"/usr/bin:{_PATH}", "LC_ALL": "C.UTF-8"},
            as_nobody=True,
        )

    def kill(self, *, patroni: bool = True) -> None:
        """Kill PostgreSQL and, if it is the machine that fails, Patroni."""
        doomed = self._postgres()
        if patroni and self._process is not None and self._process.running:
            doomed.append(psutil.Process(self._process.pid))
        for act in (psutil.Process.suspend, psutil.Process.kill):
            for each in doomed:
                with suppress(psutil.NoSuchProcess):
                    act(each)

    def renew(self) -> None:
        """Make the node copy the primary again, as an administrator does if it cannot follow."""
        self.kill()
        shutil.rmtree(self.data, ignore_errors=True)
        self.start()

    def cut_off(self) -> None:
        """Let nothing through to the node or from it."""
        self.is_cut_off = True
        for proxy in self.network:
            proxy.freeze()

    def reconnect(self) -> None:
        """Let data through again; data sent in between is lost."""
        self.is_cut_off = False
        for proxy in self.network:
            proxy.cut()
            proxy.thaw()

    async def close(self) -> None:
        """Close the proxies and end the node."""
        for proxy in self.network:
            await proxy.close()
        self.kill()
        self._end()

    def role(self) -> str:
        """Return the role that Patroni reports: primary, replica, or empty."""
        found = self.page()
        running = found.get("state") == "running"
        return str(found.get("role", "")).replace("master", "primary") if running else ""

    def page(self) -> dict[str, Any]:
        """Return what Patroni reports about the node; empty if it does not answer."""
        found: dict[str, Any] = {}
        try:
            with urllib.request.urlopen(
                f"http://{LOOPBACK}:{self.rest}/patroni", timeout=2
            ) as page:
                found = json.load(page)
        except urllib.error.HTTPError as error:
            with error:
                found = json.load(error)
        except OSError:
            pass
        return found

    def _end(self) -> None:
        if self._process is not None:
            self._process.kill()
            self.output.append(self._process.output())
            self._process.__exit__(None, None, None)
            self._process = None

    def _postgres(self) -> list[psutil.Process]:
        """Return the postmaster and its children."""
        try:
            postmaster = psutil.Process(int((self.data / "postmaster.pid").read_text().split()[0]))
            if postmaster.name() != "postgres":
                return []
            postmaster.suspend()
            return [postmaster, *postmaster.children(recursive=True)]
        except (OSError, ValueError, IndexError, psutil.NoSuchProcess):
            return []

    def _configuration(self) -> dict[str, Any]:
        secrets = {"username": "postgres", "password": "postgres"}
        return {
            "scope": "orders",
            "name": self.name,
            "restapi": {
                "listen": f"{LOOPBACK}:{self.rest}",
                "connect_address": f"{LOOPBACK}:{self.health.port}",
            },
            # Without use_proxies, Patroni would take etcd's own address and avoid the proxy.
            "etcd3": {"hosts": f"{LOOPBACK}:{self.etcd.port}", "use_proxies": True},
            "bootstrap": {"dcs": _DYNAMIC, "initdb": ["no-sync", {"encoding": "UTF8"}]},
            "postgresql": {
                "listen": f"{LOOPBACK}:{self.port}",
                "connect_address": f"{LOOPBACK}:{self.standbys.port}",
                "data_dir": str(self.data),
                "bin_dir": str(OLDEST_POSTGRES),
                "pgpass": str(self._folder / f"{self.name}.pgpass"),
                "authentication": {"superuser": secrets, "replication": secrets, "rewind": secrets},
                "pg_hba": [
                    f"host {what} all {LOOPBACK}/32 trust" for what in ("all", "replication")
                ],
            },
        }


_DYNAMIC = {
    "ttl": _TTL_S,
    "loop_wait": 1,
    "retry_timeout": 3,
    "maximum_lag_on_failover": 1 << 30,  # tests promote a standby that lags
    "primary_start_timeout": 0,
    "master_start_timeout": 0,
    "postgresql": {
        "use_pg_rewind": True,
        "use_slots": True,
        "parameters": {
            "wal_log_hints": "on",
            "wal_keep_size": "512MB",
            "fsync": "off",
            "max_connections": 100,
            "shared_buffers": "64MB",
            "dynamic_shared_memory_type": "mmap",
            "unix_socket_directories": "",
            "timezone": "America/St_Johns",
        },
    },
}


class Patroni:
    """The cluster: three nodes, etcd, and HAProxy, which leads to the primary."""

    def __init__(self) -> None:
        """Prepare the cluster; ``open`` starts it."""
        memory = Path("/dev/shm")
        self._folder = Path(tempfile.mkdtemp(prefix="orders-patroni-", dir=memory))
        if os.geteuid() == 0:
            os.chown(self._folder, NOBODY, NOBODY)
        etcd = free_port()
        self.port = free_port()
        self.nodes = [Node(f"node{number}", self._folder, etcd) for number in (1, 2, 3)]
        self._etcd_port = etcd
        self._processes: list[Process] = []
        self.database = Database(LOOPBACK, self.port, "orders", "orders", "orders-test")

    async def open(self) -> None:
        """Start etcd and HAProxy and open the nodes' connections."""
        peer = f"http://{LOOPBACK}:{free_port()}"
        client = f"http://{LOOPBACK}:{self._etcd_port}"
        command = ["etcd", "--name=e", f"--data-dir={self._folder}/etcd", "--unsafe-no-fsync"]
        command += [f"--listen-peer-urls={peer}", f"--initial-advertise-peer-urls={peer}"]
        command += [f"--listen-client-urls={client}", f"--advertise-client-urls={client}"]
        self._run([*command, f"--initial-cluster=e={peer}"])
        for node in self.nodes:
            await node.open()
        settings = self._folder / "haproxy.cfg"
        settings.write_text(_HAPROXY.format(port=self.port, servers=self._servers()))
        self._run(["haproxy", "-db", "-f", str(settings)])

    def start(self) -> None:
        """Start every node that does not run."""
        for node in self.nodes:
            node.start()

    def create_database(self) -> None:
        """Create roles and database through HAProxy and load db/init.sql."""
        with psycopg.connect(
            host=LOOPBACK, port=self.port, user="postgres", dbname="postgres", autocommit=True
        ) as sql:
            create_roles(sql)
            sql.execute("CREATE DATABASE orders OWNER orders")
        load_schema(OLDEST_POSTGRES / "psql", self.database)

    def primary(self) -> Node | None:
        """Return the node that leads; None if there is none."""
        return next((node for node in self.nodes if node.role() == "primary"), None)

    def timeline(self) -> int:
        """Return how often a standby has been promoted, plus 1; 0 while nobody leads."""
        leader = self.primary()
        return int(leader.page().get("timeline", 0)) if leader else 0

    def whole(self) -> bool:
        """Return whether one node leads and the others follow it."""
        return sorted(node.role() for node in self.nodes) == ["primary", "replica", "replica"]

    def switch_over(self) -> bool:
        """Ask for a planned change of the primary; return whether it took place."""
        leader = self.primary()
        if leader is None:
            return False
        request = urllib.request.Request(
            f"http://{LOOPBACK}:{leader.rest}/switchover",
            data=json.dumps({"leader": leader.name}).encode(),
            headers={"Content-Type": "application/json"},
        )
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return bool(answer.status == 200)
        except (OSError, urllib.error.HTTPError):
            return False

    async def close(self) -> None:
        """End everything."""
        for node in self.nodes:
            await node.close()
        for process in reversed(self._processes):
            process.kill()
            process.__exit__(None, None, None)
        shutil.rmtree(self._folder, ignore_errors=True)

    def _run(self, command: list[str]) -> None:
        found = shutil.which(command[0], path=_PATH) or command[0]
        self._processes.append(
            program([found, *command[1:]], as_nobody=True, last_signal=signal.SIGKILL)
        )

    def _servers(self) -> str:
        return "\n".join(
            f"    server {node.name} {LOOPBACK}:{node.clients.port} check port {node.health.port}"
            for node in self.nodes
        )


_HAPROXY = """
defaults
    mode tcp
    timeout connect 2s
    timeout client 1h
    timeout server 1h
    timeout check 2s

listen primary
    bind 127.0.0.1:{port}
    option httpchk OPTIONS /primary
    http-check expect status 200
    default-server inter 500ms fall 2 rise 1 on-marked-down shutdown-sessions
{servers}
"""
