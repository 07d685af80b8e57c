"""What is wrong with Redis, in one sentence that names neither address, user nor secret."""

import re

import redis.exceptions

NO_ANSWER = "Redis does not answer; if REDIS_URL begins with rediss://, its port may have no TLS"

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
        ("Connection refused|No such file", "nothing listens at the address of Redis"),
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


def explain(error: redis.exceptions.RedisError | OSError) -> str:
    """Return what is wrong, and what to do about it, as one sentence."""
    text = str(error)
    if distrusted := _CERTIFICATE.search(text):
        return (
            f"the certificate of Redis is not trusted ({distrusted[1]}): name its authority with "
            "ssl_ca_certs in REDIS_URL"
        )
    for pattern, sentence in _TEXTS:
        if pattern.search(text):
            return sentence
    return " ".join(text.split()) or type(error).__name__
