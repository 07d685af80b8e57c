"""The environment of PostgreSQL's own programs."""

from orders_cli.stack.postgres import psql_environment

URL = "postgresql://shop:secret@127.0.0.1:5433/orders"


def test_psql_finds_the_database() -> None:
    """It connects without an argument, whatever a person has set for another PostgreSQL."""
    environment = psql_environment(URL, {"PATH": "/bin", "PGHOST": "elsewhere", "PGSERVICE": "x"})
    assert environment == {
        "PATH": "/bin",
        "PGHOST": "127.0.0.1",
        "PGPORT": "5433",
        "PGUSER": "shop",
        "PGPASSWORD": "secret",
        "PGDATABASE": "orders",
        "PGOPTIONS": "-c orders.actor=shop",
    }


def test_changes_are_ascribed_to_the_role_unless_said_otherwise() -> None:
    """PostgreSQL takes the last of several values: a person's own."""
    options = psql_environment(URL, {"PGOPTIONS": "-c orders.actor=Ann"})["PGOPTIONS"]
    assert options == "-c orders.actor=shop -c orders.actor=Ann"
