"""A database that was there before: the owner's own schema, roles and rows."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from psycopg import sql

from harness.servers import Database, Postgres

SHOP = Path(__file__).with_name("shop.sql")
MAIN: tuple[str, ...] = (
    "--orders",
    "sales.sales_order",
    "--status",
    "state",
    "--title",
    "order_no",
    "--customer",
    "buyer_name",
    "--quantity",
    "pieces",
)
"""Options of ``orders attach`` that make the shop's table the table of orders."""
GUEST = "shop_guest"
"""A role that owns nothing in the shop, and has just the rights that an attach needs."""

RIGHTS = (
    "GRANT CREATE ON SCHEMA public TO shop_guest",
    "GRANT USAGE ON SCHEMA sales TO shop_guest",
    "GRANT TRIGGER, SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA sales TO shop_guest",
    "GRANT USAGE ON ALL SEQUENCES IN SCHEMA sales TO shop_guest",
)


@contextmanager
def shop_server() -> Iterator[tuple[Postgres, Database]]:
    """Start a server with a shop; yield the server, and the database as a guest sees it."""
    server = Postgres()
    try:
        yield server, open_shop(server)[1]
    finally:
        server.close()


def open_shop(postgres: Postgres, *, rights: tuple[str, ...] = RIGHTS) -> tuple[Database, Database]:
    """Create the shop; return its database as the owner and as a guest connect to it."""
    shop = postgres.create_empty_database()
    postgres.psql(shop, "-f", str(SHOP))
    with postgres.administrator() as administrator:
        exists = administrator.execute("SELECT to_regrole(%s) IS NOT NULL", [GUEST]).fetchone()
        if exists == (False,):
            administrator.execute(
                sql.SQL("CREATE ROLE {} LOGIN PASSWORD {}").format(
                    sql.Identifier(GUEST), sql.Literal(shop.password)
                )
            )
    with shop.connect() as owner:
        for right in rights:
            owner.execute(right.encode())
    return shop, replace(shop, user=GUEST)


def dumped(postgres: Postgres, database: Database) -> str:
    """Return the whole schema of a database, with all roles of its server, as pg_dump writes it."""
    connect = f"host={postgres.socket_folder} port={postgres.port} user=postgres"
    schema = _run(
        postgres, "pg_dump", "--schema-only", f"--dbname={connect} dbname={database.name}"
    )
    roles = _run(postgres, "pg_dumpall", "--roles-only", f"--dbname={connect} dbname=postgres")
    return schema + roles


def _run(postgres: Postgres, program: str, *arguments: str) -> str:
    done = subprocess.run(
        [str(postgres.program(program)), *arguments], capture_output=True, text=True, check=True
    )
    # A random word that protects psql from the dump's contents.
    return "\n".join(
        line
        for line in done.stdout.splitlines()
        if not line.startswith(("\\restrict", "\\unrestrict"))
    )
