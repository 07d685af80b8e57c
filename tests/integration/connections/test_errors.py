"""Each process reports a fault of PostgreSQL or Redis in one sentence."""

from collections.abc import Iterator
from dataclasses import replace

import psycopg
import pytest

from harness.explanations import check_database_error, check_redis_error, reason, says
from harness.pipeline import Pipeline, health
from harness.ports import free_port
from harness.processes import LOOPBACK
from harness.roles import API_ROLE, LISTENER_ROLE
from harness.servers import Database, Postgres
from harness.valkey import Valkey
from harness.waiting import until
from orders_cli.installation import connected
from orders_service.database import of_the_primary

NO_SCHEMA = "missing or outdated: run db/init.sql"
STANDBY = "the server is a standby"


@pytest.fixture
def empty_database(postgres: Postgres) -> Iterator[Database]:
    """Give a database in which db/init.sql was not run."""
    empty = postgres.create_empty_database()
    yield empty
    postgres.drop_database(empty)


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"DB_PASSWORD": "wrong"}, "PostgreSQL refuses the user or the password"),
        ({"DB_USER": "nobody"}, "PostgreSQL refuses the user or the password"),
        ({"DB_NAME": "missing"}, "the database does not exist: create it"),
        ({"DB_HOST": "nohost.invalid"}, "the host name of PostgreSQL is unknown"),
        ({"DB_PORT": "closed"}, "nothing listens at the address of PostgreSQL"),
    ],
)
def test_what_is_wrong_with_postgresql(
    pipeline: Pipeline, database: Database, changes: dict[str, str], sentence: str
) -> None:
    """API and listener name it in the log and on the health page, without the password."""
    wrong = {name: value.replace("closed", str(free_port())) for name, value in changes.items()}
    check_database_error(pipeline, sentence, lambda role: database.environ(role) | wrong)


def test_schema_is_missing_and_found_once_it_is_there(
    postgres: Postgres, empty_database: Database, redis_url: Valkey
) -> None:
    """Without db/init.sql API and listener name the script; after it both work, not restarted."""
    with Pipeline(empty_database, redis_url) as pipeline:
        check_database_error(pipeline, NO_SCHEMA, empty_database.environ)
        postgres.load_schema(empty_database)
        listener, api = pipeline.services
        until(lambda: health(listener.port)[1]["role"] == "leader", 45, "the listener leads")
        until(lambda: health(api.port, "/api/health")[0] == 200, 45, "the API serves")


def test_database_is_dropped_while_everything_runs(postgres: Postgres, redis_url: Valkey) -> None:
    """Once the database is gone, health says that it does not exist; created again, it is used."""
    database = postgres.create_database()
    with Pipeline(database, redis_url) as pipeline:
        listener, api = pipeline.listener().ready(), pipeline.api()
        with postgres.administrator() as sql:
            sql.execute(f"DROP DATABASE {database.name} WITH (FORCE)".encode())
        for service in (listener, api):
            says(service, "the database does not exist: create it")
        until(lambda: "does not exist" in health(listener.port)[1]["last_error"], 45)
        until(lambda: "does not exist" in reason(api, "database"), 45)
        with postgres.administrator() as sql:
            sql.execute(
                f"CREATE DATABASE {database.name} OWNER orders TEMPLATE orders_template".encode()
            )
        until(lambda: health(listener.port)[0] == 200, 45, "the listener works again")
        until(lambda: health(api.port, "/api/health")[0] == 200, 45, "the API works again")
    postgres.drop_database(database)


@pytest.fixture
def standby(postgres: Postgres) -> Iterator[int]:
    """Start a standby of the shared server; yield its port."""
    with postgres.standby() as standby:
        yield standby.port


def test_a_standby_as_host(database: Database, standby: int, redis_url: Valkey) -> None:
    """The listener cannot work on a standby; the API reads, and health names the cause."""
    replica = replace(database, port=standby)

    def answers() -> bool:
        try:
            replica.connect().close()
        except psycopg.OperationalError:
            return False
        return True

    until(answers, 20, "the standby answers")
    with Pipeline(replica, redis_url) as pipeline:
        listener, api = pipeline.listener(), pipeline.api()
        says(listener, STANDBY)
        assert STANDBY in health(listener.port)[1]["last_error"]
        status, page = health(api.port, "/api/health")
        assert (status, page["status"]) == (200, "degraded")
        assert STANDBY in page["checks"]["database"]["reason"]


def test_of_several_hosts_the_primary_is_used(
    database: Database, standby: int, redis_url: Valkey
) -> None:
    """DATABASE_URL may list standbys: API and listener connect to the server that takes writes."""
    hosts = f"{LOOPBACK}:{standby},{LOOPBACK}:{database.port}"

    def url(role: str) -> str:
        return f"postgresql://{role}:{database.password}@{hosts}/{database.name}"

    with Pipeline(database, redis_url) as pipeline:
        pipeline.listener(DATABASE_URL=url(LISTENER_ROLE)).ready()
        api = pipeline.api(DATABASE_URL=url(API_ROLE))
        assert health(api.port, "/api/health")[1]["checks"]["database"]["reason"] is None
    with connected(of_the_primary(url("orders"))) as sql:  # as `orders attach` does
        assert sql.execute("SELECT pg_is_in_recovery()").fetchone() == (False,)


@pytest.mark.parametrize(
    ("address", "sentence"),
    [
        ("redis://127.0.0.1:{locked}/0", "Redis asks for a password: set REDIS_PASSWORD"),
        ("redis://:wrong@127.0.0.1:{locked}/0", "Redis refuses the user or the password"),
        ("redis://nohost.invalid/0", "the host name of Redis is unknown"),
        ("redis://127.0.0.1:{closed}/0", "nothing listens at the address of Redis"),
        ("redis+sentinel://127.0.0.1:{closed}/m", "asking the Sentinels: nothing listens"),
    ],
)
def test_what_is_wrong_with_redis(pipeline: Pipeline, address: str, sentence: str) -> None:
    """Each process names it in its log, and the health pages do."""
    locked = Valkey("--requirepass", "orders-test")
    try:
        url = address.format(locked=locked.port, closed=free_port())
        check_redis_error(pipeline, url, sentence)
    finally:
        locked.stop()
