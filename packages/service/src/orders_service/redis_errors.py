"""Explain an error of Redis in one sentence without address, user and secret."""

import re

import redis.exceptions

NO_ANSWER = "Redis does not answer; if REDIS_URL begins with rediss://, its port may have no TLS"

SENTINEL = "Sentinel: "
"""Precedes the text of an error that comes from a Sentinel and not from Redis."""
NO_PRIMARY = f"{SENTINEL}no primary"
NO_OWNER = "the cluster has no node for the keys of the stream"

_CERTIFICATE = re.compile(r"CERTIFICATE_VERIFY_FAILED\] certificate verify failed: ([^(]*[^( ])")
_TEXTS = [
    (re.compile(pattern), sentence)
    for pattern, sentence in (
        (
            "HELLO must be called|Authentication required|NOAUTH",
            "Redis asks for a password: set REDIS_PASSWORD",
        ),
        (
            "without any password configured",
            "Redis has no password, but REDIS_URL or REDIS_PASSWORD gives one",
        ),
        (
            "invalid username-password pair|WRONGPASS",
            "Redis refuses the user or the password: check REDIS_URL and REDIS_PASSWORD",
        ),
        ("Name or service not known|nodename nor servname|Temporary failure in name resolution",
         "the host name of Redis is unknown"),
        (
            "READONLY|read only replica",
            "the server is a replica, which takes no writes: name its primary in REDIS_URL",
        ),
        (
            "MOVED|CROSSSLOT|ASK ",
            "another node has the keys: a cluster needs redis+cluster:// in REDIS_URL",
        ),
        (
            "Cluster mode is not enabled|cluster support disabled",
            "the server is not a node of a cluster: use redis:// in REDIS_URL",
        ),
        (
            "CLUSTERDOWN|cluster is down|not covered by the cluster",
            "the cluster is down: a part of its slots has no primary",
        ),
        (
            "unknown command .SENTINEL",
            "what listens there is no Sentinel: the hosts of redis+sentinel:// are Sentinels",
        ),
        (
            "unknown command .(H?M?[GS]ET|SUBSCRIBE|EVAL|INFO)",
            "what listens there is no Redis; a Sentinel needs redis+sentinel:// in REDIS_URL",
        ),
        (
            "LOADING|MASTERDOWN|link with (MASTER|PRIMARY) is down",
            "Redis is starting, or follows a primary that is down",
        ),
        ("NOREPLICAS", "Redis takes no writes: too few replicas are in sync"),
        (
            "NOPERM|has no permissions",
            "the user of REDIS_URL lacks rights on the keys, channels or commands of the stream",
        ),
        ("MISCONF", "Redis takes no writes, since it cannot store its data on disk"),
        (
            "Connection refused|Connect call failed|No such file",
            "nothing listens at the address of Redis",
        ),
        (
            "CERTIFICATE_REQUIRED|alert certificate",
            "Redis asks for a client certificate: give ssl_certfile and ssl_keyfile in REDIS_URL",
        ),
        (
            "SSL|Error connecting to",
            "Redis does not answer a TLS handshake: if its port has no TLS, use redis://",
        ),
        (
            "Timeout connecting",
            NO_ANSWER,
        ),
        (
            r"closed by server|closed the connection|Connection reset",
            "Redis closed the connection: it has ended, or its port needs TLS (rediss://)",
        ),
    )
]  # fmt: skip

_CODES = {
    redis.exceptions.ReadOnlyError: "READONLY ",
    redis.exceptions.NoPermissionError: "NOPERM ",
    redis.exceptions.MovedError: "MOVED ",
    redis.exceptions.AskError: "ASK ",
    redis.exceptions.ClusterDownError: "CLUSTERDOWN ",
    redis.exceptions.MasterDownError: "MASTERDOWN ",
    redis.exceptions.BusyLoadingError: "LOADING ",
}


def explain(error: redis.exceptions.RedisError | OSError) -> str:
    """Return the cause of an error, and its remedy, as one sentence."""
    # redis-py removes the error code (READONLY, MOVED, NOPERM) from the text; the class shows it.
    return _explain(f"{_CODES.get(type(error), '')}{error}") or type(error).__name__


def _explain(text: str) -> str:
    if text == NO_PRIMARY:
        return "the Sentinels know no primary by that name that is well: check REDIS_URL"
    if text.startswith(SENTINEL):
        sentence = _explain(text.removeprefix(SENTINEL))
        return f"asking the Sentinels: {sentence}".replace("REDIS_PASS", "REDIS_SENTINEL_PASS")
    if distrusted := _CERTIFICATE.search(text):
        return (
            f"the certificate of Redis is not trusted ({distrusted[1]}): name its authority with "
            "ssl_ca_certs in REDIS_URL"
        )
    for pattern, sentence in _TEXTS:
        if pattern.search(text):
            return sentence
    return " ".join(text.split())
