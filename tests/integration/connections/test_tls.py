"""TLS to PostgreSQL and Redis: root certificates, host names, client certificates."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from harness.explanations import check_database_error, check_redis_error, says
from harness.pipeline import Pipeline, health
from harness.ports import free_port
from harness.redis_log import INSERT
from harness.roles import API_ROLE, LISTENER_ROLE
from harness.secure_servers import Certificates, certificates, secure_postgres, secure_redis
from harness.servers import Database, Postgres
from harness.valkey import Valkey
from harness.waiting import until, until_async
from orders_service.redis_client import redis_client
from orders_service.redis_servers import RedisServers


@pytest.fixture(scope="module")
def files() -> Iterator[Certificates]:
    """Create certificates for this module."""
    with certificates() as created:
        yield created


@pytest.fixture(scope="module")
def secure(files: Certificates) -> Iterator[Postgres]:
    """Start a PostgreSQL with TLS."""
    with secure_postgres(files) as server:
        yield server


@pytest.fixture
def secure_database(secure: Postgres) -> Iterator[Database]:
    """Give a fresh database on it."""
    fresh = secure.create_database()
    yield fresh
    secure.drop_database(fresh)


@pytest.fixture
def redis_port(files: Certificates) -> Iterator[int]:
    """Start a Redis with TLS."""
    with secure_redis(files) as port:
        yield port


def url(database: Database, role: str) -> str:
    """Return the URL of a database for a role."""
    return replace(database, user=role).url


def test_everything_over_tls(
    secure_database: Database, redis_port: int, redis_url: Valkey, files: Certificates
) -> None:
    """Events flow with verify-full, client certificates, and no connection without TLS."""
    redis = {"REDIS_URL": files.for_redis(redis_port)}
    with Pipeline(secure_database, redis_url) as pipeline:
        secured = files.for_postgres(url(secure_database, LISTENER_ROLE))
        pipeline.listener(**redis, DATABASE_URL=secured).ready()
        secured = files.for_postgres(url(secure_database, API_ROLE))
        api = pipeline.api(**redis, DATABASE_URL=secured)
        gateway = pipeline.gateway(**redis, API_URL=api.url).ready()
        with secure_database.connect() as sql:
            sql.execute(INSERT)
            until(lambda: gateway.position() == 1, 10)
            until(lambda: health(api.port, "/api/health")[1]["status"] == "ok", 10)
            plain = sql.execute(
                "SELECT application_name FROM pg_stat_ssl JOIN pg_stat_activity USING (pid)"
                " WHERE application_name LIKE 'orders-%' AND (NOT ssl OR client_dn IS NULL)"
            ).fetchall()
        assert plain == []


@pytest.mark.anyio
async def test_sentinel_and_cluster_over_tls(files: Certificates) -> None:
    """Sentinels, servers and nodes are asked and used with certificates of both sides."""
    bus = str(free_port())  # else 10,000 above the other, where there may be no port
    cluster = ("--cluster-enabled", "yes", "--tls-cluster", "yes", "--cluster-port", bus)
    with (
        secure_redis(files) as primary,
        secure_redis(files, sentinel_of=primary) as sentinel,
        secure_redis(files, *cluster) as node,
    ):
        async with redis_client(RedisServers.parse(files.for_redis(node))) as client:
            ask: Any = client.execute_command
            await ask("CLUSTER ADDSLOTSRANGE", 0, 16383)

            async def is_ok() -> bool:
                return bool((await ask("CLUSTER INFO"))["cluster_state"] == "ok")

            await until_async(is_ok, 20, "the cluster is ok")
        for url in (
            files.for_redis(sentinel, "+sentinel", "/secure/0"),
            files.for_redis(node, "+cluster"),
        ):
            async with redis_client(RedisServers.parse(url)) as client:
                assert await client.set(client.names.head, "1")


@pytest.mark.parametrize(
    ("parameters", "sentence"),
    [
        ("sslmode=disable", "PostgreSQL requires TLS: set sslmode"),
        ("sslmode=require", "PostgreSQL asks for a client certificate"),
        ("sslmode=verify-full&sslrootcert={stranger}", "not signed by an authority in sslrootcert"),
        ("sslmode=verify-full&sslrootcert=/missing", "check sslrootcert"),
        ("sslmode=require&sslcert={client}&sslkey=/missing", "check sslcert and sslkey"),
    ],
)
def test_what_is_wrong_with_tls_to_postgresql(
    secure_database: Database,
    redis_url: Valkey,
    files: Certificates,
    parameters: str,
    sentence: str,
) -> None:
    """API and listener say it in one sentence, in the log and on their health pages."""
    query = parameters.format(stranger=files.stranger.root, client=files.client.certificate)
    with Pipeline(secure_database, redis_url) as pipeline:
        check_database_error(
            pipeline,
            sentence,
            lambda role: {"DATABASE_URL": f"{url(secure_database, role)}?{query}"},
        )


def test_a_certificate_for_another_host(
    secure_database: Database, redis_url: Valkey, files: Certificates
) -> None:
    """verify-full checks the name that the URL has; another address of the server is not enough."""
    secured = files.for_postgres(url(secure_database, LISTENER_ROLE))
    elsewhere = secured.replace("@127.0.0.1:", "@otherhost:") + "&hostaddr=127.0.0.1"
    with Pipeline(secure_database, redis_url) as pipeline:
        says(pipeline.listener(DATABASE_URL=elsewhere), "is for another host name")


def test_postgresql_without_tls(pipeline: Pipeline, database: Database) -> None:
    """A URL that requires TLS is refused by a server that does not speak it, in one sentence."""
    check_database_error(
        pipeline,
        "PostgreSQL does not speak TLS there",
        lambda role: {"DATABASE_URL": url(database, role) + "?sslmode=require"},
    )


@pytest.mark.parametrize(
    ("address", "sentence"),
    [
        ("redis://127.0.0.1:{secure}/0", "its port needs TLS (rediss://)"),
        ("rediss://127.0.0.1:{plain}/0", "its port may have no TLS"),
        ("rediss://127.0.0.1:{secure}/0", "the certificate of Redis is not trusted"),
        (
            "rediss://127.0.0.1:{secure}/0?ssl_ca_certs={root}",
            "Redis asks for a client certificate",
        ),
        (
            "rediss://otherhost:{secure}/0?ssl_ca_certs={root}",
            "the host name of Redis is unknown",
        ),
    ],
)
def test_what_is_wrong_with_tls_to_redis(
    pipeline: Pipeline, redis_port: int, files: Certificates, address: str, sentence: str
) -> None:
    """Each process says it in one sentence in its log; so do the health pages."""
    redis = address.format(secure=redis_port, plain=pipeline.valkey.port, root=files.authority.root)
    check_redis_error(pipeline, redis, sentence)
