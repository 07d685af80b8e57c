"""Several Redis or Valkey servers: a primary whose replicas Sentinel watches, and a cluster."""

import tempfile
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Self

import pytest
import redis
from redis.exceptions import RedisError

from harness.ports import free_port
from harness.processes import LOOPBACK, Process, program
from harness.valkey import Valkey, valkey_server
from harness.waiting import until
from orders_contract.names import RedisNames

REDIS = Path("/usr/bin/redis-server")
"""Redis as Debian installs it."""

_SERVICE = "mymaster"
_DOWN_AFTER_MS = 1000
"""Sentinel does not promote a replica that has been cut off for ten times as long as this."""
_SLOTS = 16_384
_REPLICATED = ("--repl-diskless-sync-delay", "0", "--repl-diskless-load", "swapdb")
"""Options of servers that synchronise at once and without files."""


def debian_redis() -> Path:
    """Return the program of Redis; skip the test if it is not installed."""
    if not REDIS.exists():
        pytest.skip("Redis is not installed (Debian's redis-server)")
    return REDIS


class Group(ABC):
    """Servers of which one takes the writes of a stream."""

    url: str
    members: list[Valkey]
    names: RedisNames

    @abstractmethod
    def leader(self) -> Valkey:
        """Return the server that takes writes, according to the group itself."""

    @abstractmethod
    def fail_over(self) -> None:
        """Make a replica take over although the leader works."""

    def connect(self) -> "redis.Redis":
        """Connect to the server that takes writes."""
        return self.leader().connect()

    def replica(self) -> Valkey:
        """Return a replica of the leader; raise LookupError if there is none."""
        port = self.leader().port
        for each in self.members:
            if each.running and _replicates(each) == port:
                return each
        raise LookupError("no replica")

    def settle(self) -> Valkey:
        """Wait until the leader has a replica that is in sync; return the leader."""
        until(lambda: _synced_replicas(self.leader()) > 0, 30, "a replica in sync")
        return self.leader()

    @contextmanager
    def without_replication(self) -> Iterator[None]:
        """Let the leader's replica fall behind in the block, for good if the leader stops."""
        with self.replica().connect() as client:
            client.config_set("masterauth", "wrong")
            _ask(client, "CLIENT", "KILL", "TYPE", "MASTER")
            yield
            client.config_set("masterauth", "")

    def wait_for_another(self, before: Valkey) -> Valkey:
        """Wait until another server than ``before`` takes writes; return that server."""
        until(lambda: self._leads_anew(before), 40, "a replica is promoted")
        return self.leader()

    def _leads_anew(self, before: Valkey) -> bool:
        with suppress(RedisError, LookupError):
            now = self.leader()
            return now is not before and _info(now)["role"] == "master"
        return False

    def close(self) -> None:
        """Stop all servers."""
        for each in self.members:
            each.stop()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exc: object) -> None:
        self.close()

    def _at(self, port: int) -> Valkey:
        return next(each for each in self.members if each.port == port)


class Sentinels(Group):
    """A primary and replicas, watched by three Sentinels that promote a replica within a second."""

    def __init__(
        self,
        binary: Path | None = None,
        *,
        replicas: int = 1,
        password: str = "",
        sentinel_password: str = "",
    ) -> None:
        """Start all servers; wait until the Sentinels know each other and the replicas."""
        self.names = RedisNames()
        self._folder = tempfile.TemporaryDirectory(prefix="orders-sentinel-")
        own = [*_REPLICATED]
        if password:
            own += ["--requirepass", password, "--masterauth", password]
        self._password = password
        first = Valkey(*own, binary=binary)
        self.members = [first]
        for _ in range(replicas):
            of = ("--replicaof", f"{LOOPBACK} {first.port}")
            self.members.append(Valkey(*own, *of, binary=binary))
        self.ports = [free_port() for _ in range(3)]
        self._sentinels = [
            self._start(binary or valkey_server(), port, first.port, sentinel_password)
            for port in self.ports
        ]
        self._asked = [
            redis.Redis(port=port, password=sentinel_password or None, decode_responses=True)
            for port in self.ports
        ]
        credentials = f":{password}@" if password else ""
        hosts = ",".join(f"{LOOPBACK}:{port}" for port in self.ports)
        self.url = f"redis+sentinel://{credentials}{hosts}/{_SERVICE}/0"
        until(self._complete, 30, "Sentinels know each other")

    def leader(self) -> Valkey:
        """Return the server that most of the Sentinels report as the primary."""
        named = [self._named(asked) for asked in self._asked]
        return self._at(max(named, key=named.count))

    def fail_over(self) -> None:
        """Make Sentinel promote a replica although the primary works."""
        _ask(self._asked[0], "SENTINEL", "FAILOVER", _SERVICE)

    def close(self) -> None:
        """Stop all servers."""
        for asked in self._asked:
            asked.close()
        for sentinel in self._sentinels:
            sentinel.__exit__(None, None, None)
        super().close()
        self._folder.cleanup()

    def _start(self, binary: Path, port: int, primary: int, password: str) -> Process:
        file = Path(self._folder.name) / f"{port}.conf"
        lines = [
            f"port {port}",
            f"bind {LOOPBACK}",
            f"sentinel monitor {_SERVICE} {LOOPBACK} {primary} 2",
            f"sentinel down-after-milliseconds {_SERVICE} {_DOWN_AFTER_MS}",
            f"sentinel failover-timeout {_SERVICE} 5000",
        ]
        if self._password:
            lines.append(f"sentinel auth-pass {_SERVICE} {self._password}")
        if password:
            lines += [f"requirepass {password}", f"sentinel sentinel-pass {password}"]
        file.write_text("\n".join(lines) + "\n")
        return program([str(binary), str(file), "--sentinel"])

    def _named(self, asked: "redis.Redis") -> int:
        address: Any = asked.sentinel_get_master_addr_by_name(_SERVICE)
        return int(address[1])

    def _complete(self) -> bool:
        with suppress(RedisError):
            states: list[Any] = [asked.sentinel_master(_SERVICE) for asked in self._asked]
            return all(
                int(state["num-other-sentinels"]) == len(self.ports) - 1
                and int(state["num-slaves"]) == len(self.members) - 1
                for state in states
            )
        return False


class Cluster(Group):
    """Three Valkey servers with a third of the slots each; each has a replica."""

    def __init__(self, prefix: str = "") -> None:
        """Start all servers; wait until the cluster takes writes."""
        self.names = RedisNames(prefix, in_cluster=True)
        self._folder = tempfile.TemporaryDirectory(prefix="orders-cluster-")
        buses = [free_port() for _ in range(6)]
        self.members = [self._node(bus) for bus in buses]
        clients = [each.connect() for each in self.members]
        for number, (client, bus) in enumerate(zip(clients, buses, strict=True)):
            first, last = number * _SLOTS // 3, (number + 1) * _SLOTS // 3 - 1
            if number < 3:
                _ask(client, "CLUSTER", "ADDSLOTSRANGE", first, last)
            _ask(clients[0], "CLUSTER", "MEET", LOOPBACK, self.members[number].port, bus)
        until(lambda: all(_state(each)["cluster_known_nodes"] == "6" for each in clients), 30)
        for replica, primary in zip(clients[3:], clients[:3], strict=True):
            _ask(replica, "CLUSTER", "REPLICATE", _ask(primary, "CLUSTER", "MYID"))
        until(lambda: all(_state(each)["cluster_state"] == "ok" for each in clients), 30)
        for client in clients:
            client.close()
        self.url = "redis+cluster://" + ",".join(f"{LOOPBACK}:{each.port}" for each in self.members)

    def leader(self) -> Valkey:
        """Return the node that owns the stream's slot, according to the first node that answers."""
        for member in self.members:
            with suppress(RedisError), member.connect() as client:
                slot = _ask(client, "CLUSTER", "KEYSLOT", self.names.log)
                for first, last, owner, *_ in _ask(client, "CLUSTER SLOTS"):
                    if first <= slot <= last:
                        return self._at(int(owner[1]))
        raise LookupError("no node answers")

    def fail_over(self) -> None:
        """Make the leader's replica take over although the leader works."""
        with self.replica().connect() as client:
            _ask(client, "CLUSTER", "FAILOVER")

    def move_slot(self) -> None:
        """Move the stream's slot to the primary of another shard, key by key."""
        old = self.leader()
        new = next(each for each in self.members[:3] if each is not old)
        with old.connect() as giver, new.connect() as taker:
            slot = _ask(giver, "CLUSTER", "KEYSLOT", self.names.log)
            giving, taking = (_ask(each, "CLUSTER", "MYID") for each in (giver, taker))
            _ask(taker, "CLUSTER", "SETSLOT", slot, "IMPORTING", giving)
            _ask(giver, "CLUSTER", "SETSLOT", slot, "MIGRATING", taking)
            while keys := _ask(giver, "CLUSTER", "GETKEYSINSLOT", slot, 100):
                how = (LOOPBACK, new.port, "", 0, 5000, "REPLACE", "KEYS")
                _ask(giver, "MIGRATE", *how, *keys)
            for each in (taker, giver):
                _ask(each, "CLUSTER", "SETSLOT", slot, "NODE", taking)

    def close(self) -> None:
        """Stop all servers."""
        super().close()
        self._folder.cleanup()

    def _node(self, bus: int) -> Valkey:
        folder = Path(self._folder.name) / str(bus)
        folder.mkdir()
        return Valkey(
            *("--cluster-enabled", "yes", "--cluster-node-timeout", "1000"),
            *("--cluster-port", str(bus), "--dir", str(folder)),
            *("--cluster-replica-validity-factor", "0"),
            *_REPLICATED,
        )


def _ask(client: "redis.Redis", *words: Any) -> Any:
    return client.execute_command(*words)  # type: ignore[no-untyped-call]


def _state(client: "redis.Redis") -> dict[str, str]:
    state: Any = client.execute_command("CLUSTER INFO")  # type: ignore[no-untyped-call]
    return dict(state)


def _info(server: Valkey) -> dict[str, Any]:
    with server.connect() as client:
        info: Any = client.info("replication")
    return dict(info)


def _replicates(server: Valkey) -> int | None:
    """Return the port of the server that this one replicates."""
    return int(_info(server).get("master_port", 0)) or None


def _synced_replicas(server: Valkey) -> int:
    info = _info(server)
    replicas = [info[f"slave{n}"] for n in range(int(info["connected_slaves"]))]
    return sum(
        replica["state"] == "online" and replica["offset"] >= info["master_repl_offset"] - 500
        for replica in replicas
    )
