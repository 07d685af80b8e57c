"""The environment in which PostgreSQL's own programs run."""

from urllib.parse import urlsplit

from orders_cli.stack.plan import DATABASE, ROLE
from orders_cli.stack.ports import LOOPBACK


def psql_environment(url: str, environment: dict[str, str]) -> dict[str, str]:
    """Return an environment in which psql finds the database by itself.

    Changes are ascribed to the database role, unless PGOPTIONS or a SET says otherwise.
    """
    parts = urlsplit(url)
    actor = f"-c orders.actor={parts.username or ROLE}"
    return without_postgres_settings(environment) | {
        "PGOPTIONS": f"{actor} {environment.get('PGOPTIONS', '')}".rstrip(),
        "PGHOST": parts.hostname or LOOPBACK,
        "PGPORT": str(parts.port),
        "PGUSER": parts.username or ROLE,
        "PGPASSWORD": parts.password or "",
        "PGDATABASE": parts.path.lstrip("/") or DATABASE,
    }


def without_postgres_settings(environment: dict[str, str]) -> dict[str, str]:
    """Leave out what a person has set for another PostgreSQL (PGHOST, PGDATA, PGSERVICE, ...)."""
    kept = {"PGOPTIONS", "PGAPPNAME", "PGTZ", "PGDATESTYLE", "PGCLIENTENCODING"}
    return {
        key: value for key, value in environment.items() if not key.startswith("PG") or key in kept
    }
