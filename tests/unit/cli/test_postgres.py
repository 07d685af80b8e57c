"""The environment in which psql runs."""

from orders_cli.stack.postgres import psql_environment

URL = "postgresql://shop:secret@127.0.0.1:5433/orders"


def test_psql_finds_the_database() -> None:
    """Variables that select another PostgreSQL are removed; psql needs no arguments."""
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


def test_the_users_options_win() -> None:
    """The user's own PGOPTIONS come last, so they win."""
    options = psql_environment(URL, {"PGOPTIONS": "-c orders.actor=Ann"})["PGOPTIONS"]
    assert options == "-c orders.actor=shop -c orders.actor=Ann"


def test_parameters_of_the_url_reach_psql() -> None:
    """Every parameter of libpq has its variable: those of TLS, several hosts, options."""
    url = "postgresql://a,b:6543/?sslmode=verify-full&sslrootcert=/ca.pem&options=-csearch_path%3Dx"
    environment = psql_environment(url, {})
    assert environment == {
        "PGHOST": "a,b",
        "PGPORT": ",6543",
        "PGUSER": "orders",
        "PGDATABASE": "orders",
        "PGSSLMODE": "verify-full",
        "PGSSLROOTCERT": "/ca.pem",
        "PGOPTIONS": "-c orders.actor=orders -csearch_path=x",
    }
