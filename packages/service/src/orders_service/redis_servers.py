"""Where Redis is: one server, servers that Sentinel watches, or a cluster.

All keys of one stream have the same hash tag, so one node of a cluster owns them. Therefore a
client always connects to one server, which takes writes. Only the way to find that server differs.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any
from urllib.parse import parse_qsl, unquote, urlencode, urlsplit

import redis.asyncio as redis
from redis.asyncio.cluster import ClusterNode, RedisCluster
from redis.asyncio.connection import Connection, SSLConnection, parse_url
from redis.asyncio.retry import Retry
from redis.asyncio.sentinel import (
    Sentinel,
    SentinelConnectionPool,
    SentinelManagedConnection,
    SentinelManagedSSLConnection,
)
from redis.backoff import NoBackoff
from redis.exceptions import RedisClusterException

from orders_contract.names import RedisNames
from orders_service.redis_errors import NO_OWNER, NO_PRIMARY, SENTINEL

ASK_TIMEOUT_S = 1.0
"""How long each Sentinel, or node of a cluster, has to answer which server takes writes."""

Address = tuple[str, int]


class Kind(StrEnum):
    """How the server that takes writes is found."""

    SERVER = ""
    SENTINEL = "+sentinel"
    CLUSTER = "+cluster"


_SCHEMES = {f"{base}{kind}": kind for base in ("redis", "rediss") for kind in Kind}
_DEFAULT_PORT = {Kind.SERVER: 6379, Kind.SENTINEL: 26379, Kind.CLUSTER: 6379}
_FORMS = (
    "redis://host:6379/0, redis+sentinel://host:26379,host2:26379/service/0 or "
    "redis+cluster://host:6379,host2:6379; with rediss for TLS"
)


@dataclass(frozen=True)
class RedisServers:
    """The servers of REDIS_URL. ``hosts``: the server, the Sentinels, or nodes of the cluster."""

    kind: Kind
    hosts: tuple[Address, ...]
    service: str = ""
    """The name by which the Sentinels know the server."""
    options: Mapping[str, Any] = field(default_factory=dict, repr=False)
    """Options of a connection, as redis-py takes them: user, password, database, TLS."""
    sentinel_options: Mapping[str, Any] = field(default_factory=dict, repr=False)
    names: RedisNames = field(default_factory=RedisNames)

    @classmethod
    def parse(cls, url: str, prefix: str = "", sentinel_password: str = "") -> "RedisServers":
        """Read a URL; the names of keys and channels begin with ``prefix``.

        Raises:
            ValueError: the URL is not valid. The message repeats only names of its parameters.

        """
        try:
            parts = urlsplit(url)
        except ValueError:  # its message repeats a part of the URL
            raise ValueError(f"is not a URL like {_FORMS}") from None
        kind = _SCHEMES.get(parts.scheme)
        if kind is None:
            raise ValueError(f"is not a URL like {_FORMS}")
        credentials, _, hosts = parts.netloc.rpartition("@")
        addresses = tuple(_address(host, _DEFAULT_PORT[kind]) for host in hosts.split(","))
        if kind is Kind.SERVER and len(addresses) > 1:
            raise ValueError(f"names several hosts, which this scheme does not allow: {_FORMS}")
        service, database = _path(kind, parts.path)
        query = dict(parse_qsl(parts.query))
        sentinel = {
            name: query.pop(f"sentinel_{name}")
            for name in ("username", "password")
            if f"sentinel_{name}" in query
        }
        if sentinel_password:
            sentinel.setdefault("password", sentinel_password)
        base = parts.scheme.removesuffix(kind)
        options: dict[str, Any] = dict(
            parse_url(f"{base}://{credentials}@host/{database}?{urlencode(query)}")
        )
        options.pop("host")
        if kind is Kind.CLUSTER and options.get("db"):
            raise ValueError("names a database, but a cluster has only database 0")
        is_tls = options.pop("connection_class", None) is SSLConnection
        _refuse_unknown(options, is_tls=is_tls)
        tls = {name: value for name, value in options.items() if name.startswith("ssl_")}
        return cls(
            kind,
            addresses,
            service,
            options | {"ssl": is_tls},
            sentinel | tls | {"ssl": is_tls},
            RedisNames(prefix, in_cluster=kind is Kind.CLUSTER),
        )

    def pool(self, **options: Any) -> redis.ConnectionPool:
        """Return a pool of connections, each of which finds the server that takes writes."""
        given = {**self.options, **options, "retry": Retry(NoBackoff(), 0)}
        is_tls = given.pop("ssl")
        if self.kind is Kind.SERVER:
            ((host, port),) = self.hosts
            connection = SSLConnection if is_tls else Connection
            return redis.ConnectionPool(connection, host=host, port=port, **given)
        managed = SentinelManagedSSLConnection if is_tls else SentinelManagedConnection
        # redis-py's pool asks this object, in place of a Sentinel, for the address to connect to.
        asked = _Cluster(self) if self.kind is Kind.CLUSTER else _Sentinels(self)
        return SentinelConnectionPool(  # type: ignore[no-untyped-call]
            self.service, asked, connection_class=managed, **given
        )


class _Sentinels:
    """Asks the Sentinels which server takes writes, first the Sentinel that answered last.

    This is rare, so no connection to a Sentinel is kept.
    """

    def __init__(self, servers: RedisServers) -> None:
        self._service = servers.service
        self._one_at_a_time = asyncio.Lock()
        self._sentinel = Sentinel(  # type: ignore[no-untyped-call]
            servers.hosts, sentinel_kwargs=_once(servers.sentinel_options)
        )

    async def discover_master(self, _service: str = "") -> Address:
        async with self._one_at_a_time, self._sentinel:
            try:
                host, port = await self._sentinel.discover_master(self._service)
            except redis.RedisError as exc:
                raise redis.ConnectionError(await self._what_is_wrong()) from exc
        return str(host), int(port)

    async def _what_is_wrong(self) -> str:
        """Return a Sentinel's error. redis-py's own gives no reason and repeats all settings."""
        for sentinel in self._sentinel.sentinels:
            try:
                await sentinel.sentinel_masters()
            except redis.RedisError as exc:
                return f"{SENTINEL}{exc}"
        return NO_PRIMARY


class _Cluster:
    """Asks the nodes of a cluster which node owns the stream's keys. Used like ``_Sentinels``."""

    def __init__(self, servers: RedisServers) -> None:
        self._key = servers.names.log
        self._options = _once(servers.options)
        self._nodes = set(servers.hosts)

    async def discover_master(self, _service: str = "") -> Address:
        nodes = [ClusterNode(host, port) for host, port in self._nodes]
        cluster = RedisCluster(startup_nodes=nodes, require_full_coverage=False, **self._options)
        try:
            async with cluster:
                owner = cluster.get_node_from_key(self._key)
                self._nodes = {(str(node.host), int(node.port)) for node in cluster.get_nodes()}
        except RedisClusterException as exc:
            raise redis.ConnectionError(str(exc)) from exc
        if owner is None:
            raise redis.ConnectionError(NO_OWNER)
        return str(owner.host), int(owner.port)


def _once(options: Mapping[str, Any]) -> dict[str, Any]:
    return {
        **options,
        "socket_timeout": ASK_TIMEOUT_S,
        "socket_connect_timeout": ASK_TIMEOUT_S,
        "retry": Retry(NoBackoff(), 0),
    }


def _path(kind: Kind, path: str) -> tuple[str, str]:
    """Return the Sentinels' name of the server, and the number of the database."""
    parts = [unquote(part) for part in path.split("/") if part]
    service = parts.pop(0) if kind is Kind.SENTINEL and parts else ""
    database = parts.pop(0) if parts else "0"
    if kind is Kind.SENTINEL and not service:
        raise ValueError("lacks the name of the service that the Sentinels watch: .../service/0")
    if parts or not database.isdecimal():
        raise ValueError("does not end with the number of a database")
    return service, database


def _address(text: str, default_port: int) -> Address:
    try:
        parts = urlsplit(f"//{text}")
        host, port = parts.hostname, parts.port
    except ValueError:
        host = None
    if not host:
        raise ValueError(f"names no host, or an invalid port; it should be like {_FORMS}")
    return unquote(host), port or default_port


def _refuse_unknown(options: Mapping[str, Any], *, is_tls: bool) -> None:
    """Refuse parameters that no connection takes; otherwise the first connection would fail."""
    try:
        (SSLConnection if is_tls else Connection)(**options)
    except TypeError as exc:
        unknown = str(exc).rpartition("argument ")[2]
        raise ValueError(f"has a parameter that is not known or needs rediss: {unknown}") from None
    except redis.RedisError as exc:
        raise ValueError(f"has a parameter that is not valid: {exc}") from None
