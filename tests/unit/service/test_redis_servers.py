"""The forms of REDIS_URL, and the names of keys and channels for each."""

import re

import pytest

from orders_contract.names import CHANGES_CHANNEL, LOG_KEY, RedisNames
from orders_service.redis_servers import Kind, RedisServers


def test_one_server() -> None:
    """A plain URL names one server; the names are those that design and docs fix."""
    servers = RedisServers.parse("redis://api:p%2Fw@cache/3")
    assert (servers.kind, servers.hosts) == (Kind.SERVER, (("cache", 6379),))
    assert servers.options == {"username": "api", "password": "p/w", "db": 3, "ssl": False}
    assert (servers.names.log, servers.names.changes) == (LOG_KEY, CHANGES_CHANNEL)
    assert servers.names.publish == "PUBLISH"


def test_sentinels() -> None:
    """Sentinels have passwords of their own, and the certificates of the server."""
    url = "rediss+sentinel://:pw@one:1,[::1]/mymaster/2?ssl_ca_certs=/ca.pem"
    servers = RedisServers.parse(url, sentinel_password="other")
    assert servers.kind is Kind.SENTINEL
    assert servers.hosts == (("one", 1), ("::1", 26379))
    assert servers.service == "mymaster"
    tls = {"ssl": True, "ssl_ca_certs": "/ca.pem"}
    assert servers.options == {"password": "pw", "db": 2, **tls}
    assert servers.sentinel_options == {"password": "other", **tls}
    assert servers.names.log == LOG_KEY
    given = RedisServers.parse("redis+sentinel://one/m?sentinel_username=u&sentinel_password=p")
    assert given.sentinel_options == {"username": "u", "password": "p", "ssl": False}


def test_a_cluster() -> None:
    """In a cluster all names have one hash tag, and the channel is sharded."""
    servers = RedisServers.parse("redis+cluster://one:7000,two:7001")
    assert servers.kind is Kind.CLUSTER
    assert servers.hosts == (("one", 7000), ("two", 7001))
    names = servers.names
    assert (names.log, names.changes) == ("{orders}:log", "{orders}:changes")
    assert names.tickets == "{orders}:ticket:"
    assert (names.publish, names.subscribe) == ("SPUBLISH", "SSUBSCRIBE")


def test_a_prefix_of_the_owner() -> None:
    """The prefix replaces ``orders``; one with a hash tag of its own is kept as it is."""
    assert RedisNames("shop").log == "shop:log"
    assert RedisNames("shop", in_cluster=True).log == "{shop}:log"
    assert RedisNames("eu:{shop}", in_cluster=True).gateways == "eu:{shop}:gateway:"


@pytest.mark.parametrize(
    ("url", "sentence"),
    [
        ("http://user:secret@cache", "is not a URL like redis://"),
        ("redis://", "names no host"),
        ("redis://user:secret@cache:99999", "an invalid port"),
        ("redis://one:secret@one,two/0", "names several hosts, which this scheme does not allow"),
        ("redis://cache/secret", "does not end with the number of a database"),
        (
            "redis://cache/0?colour=secret",
            "a parameter that is not known or needs rediss: 'colour'",
        ),
        ("redis://cache/0?ssl_ca_certs=secret", "needs rediss: 'ssl_ca_certs'"),
        (
            "redis://cache/0?health_check_interval=secret",
            "Invalid value for 'health_check_interval'",
        ),
        ("redis+sentinel://secret", "lacks the name of the service"),
        ("redis+cluster://one/1", "a cluster has only database 0"),
        ("redis+cluster://one?db=2", "a cluster has only database 0"),
    ],
)
def test_a_url_that_is_not_valid(url: str, sentence: str) -> None:
    """The sentence says what is wrong and repeats no value."""
    with pytest.raises(ValueError, match=re.escape(sentence)) as refused:
        RedisServers.parse(url)
    assert "secret" not in str(refused.value)
