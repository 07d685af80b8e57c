"""``orders attach``: make tables of an existing database live, or undo that."""

import sys
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Annotated

import psycopg
import typer

from orders_cli import installation
from orders_cli.addresses import Data, owner_database
from orders_cli.errors import BadValueError
from orders_cli.installation import (
    Connection,
    Script,
    State,
    Wanted,
    connected,
    require_stream,
    sentence,
)
from orders_cli.prerequisites import Found, Server, find_table, main_problems, taken_names
from orders_cli.repository import find_repository
from orders_cli.stack.data_folder import DEFAULT_DATA
from orders_service.database import checked_url, of_the_primary

# The names of other roles' sessions are hidden, but not their locks. The listener holds a lock.
_SERVICES = """
    SELECT EXISTS (
               SELECT FROM pg_stat_activity WHERE datname = current_database()
                  AND application_name IN ('orders-api', 'orders-listener'))
        OR EXISTS (
               SELECT FROM pg_locks JOIN pg_database ON pg_database.oid = database
                WHERE datname = current_database() AND locktype = 'advisory' AND objsubid = 1
                  AND (classid::bigint << 32 | objid::bigint) = public.order_lock('leader'))
"""
_MAIN = "SELECT public.order_main_table()::text"
_DISPLAY = "SELECT coalesce(display, '{}') FROM public.order_settings WHERE main = %s::oid"

Status = Annotated[str | None, typer.Option(metavar="COLUMN", help="Its status.")]
Title = Annotated[str | None, typer.Option(metavar="COLUMN", help="What an order is called.")]
Customer = Annotated[str | None, typer.Option(metavar="COLUMN", help="Its customer.")]
Quantity = Annotated[str | None, typer.Option(metavar="COLUMN", help="Its quantity.")]


def attach(  # noqa: PLR0913  one parameter for each option
    *,
    url: Annotated[
        str | None,
        typer.Argument(
            metavar="[URL]",
            help="postgresql://user:password@host:port/database. "
            "Default: the running stack's, else DATABASE_URL or DB_HOST.",
        ),
    ] = None,
    orders: Annotated[
        str | None,
        typer.Option(
            metavar="TABLE", help="The table whose rows are orders. Default: orders, if it exists."
        ),
    ] = None,
    status: Status = None,
    title: Title = None,
    customer: Customer = None,
    quantity: Quantity = None,
    watch: Annotated[
        list[str] | None,
        typer.Option(metavar="TABLE", help="Another table to make live; may be repeated."),
    ] = None,
    create_orders: Annotated[
        bool, typer.Option("--create-orders", help="Create a table orders, as in a new system.")
    ] = False,
    check: Annotated[
        bool, typer.Option("--check", help="Only say whether the database is attached.")
    ] = False,
    detach: Annotated[
        bool, typer.Option("--detach", help="Remove everything that an attach created.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    data: Data = DEFAULT_DATA,
) -> None:
    """Make tables of an existing database live. Lists what it will create, and asks first."""
    roles = {"status": status, "title": title, "customer": customer, "quantity": quantity}
    display = {role: column for role, column in roles.items() if column is not None}
    request = _Request(orders, display, tuple(watch or ()), create_orders)
    if (detach or check) and request != _Request():
        raise BadValueError("--check and --detach take no tables and no columns")
    if create_orders and orders is not None:
        raise BadValueError("--create-orders and --orders cannot be combined")
    script = Script.read(find_repository().schema)
    with connected(_address(url, data)) as connection:
        server = Server.of(connection)
        typer.echo(_described(connection, server))
        if check:
            require_stream(connection)
        elif detach:
            _detach(connection, script, yes=yes)
        else:
            _attach(connection, script, server, request, yes=yes)


@dataclass(frozen=True)
class _Request:
    """The values of the command's options."""

    orders: str | None = None
    display: Mapping[str, str] = field(default_factory=dict)
    watch: tuple[str, ...] = ()
    create_orders: bool = False


# --- attaching ------------------------------------------------------------------------------------


def _attach(
    connection: Connection, script: Script, server: Server, request: _Request, *, yes: bool
) -> None:
    state = installation.state(connection)
    if request.create_orders and state is not State.NOTHING:
        raise BadValueError("this database is attached already; --create-orders is for a new one")
    problems = server.problems()
    main, watched, remark = _tables(connection, state, request)
    for table in (*([main] if main else []), *watched):
        problems += table.problems(server.role)
    display = _display(connection, state, main, request)
    if main is not None:
        problems += main_problems(main, display)
    if state is State.NOTHING:
        problems += taken_names(connection, script)
    if problems:
        raise BadValueError("nothing was created:\n  " + "\n  ".join(dict.fromkeys(problems)))
    wanted = Wanted(main.oid if main else None, display, tuple(each.oid for each in watched))
    is_attached = state is not State.OWN and not request.create_orders
    before = installation.objects(connection)
    # Execute the same statements as below and roll them back, to learn what they create and
    # whether the database allows it.
    with _refusals(), connection.transaction(force_rollback=True):
        installation.install(connection, script, wanted, attach=is_attached)
        created = installation.objects(connection) - before
    for line in _plan(created, main, watched, display):
        typer.echo(line)
    if remark:
        typer.echo(remark)
    if is_attached:
        typer.echo("Nothing else changes: no column, no row, no role.")
        typer.echo("`orders attach --detach` removes all of it.")
    _confirm("Create this?", yes=yes)
    with _refusals(), connection.transaction():
        installation.install(connection, script, wanted, attach=is_attached)
    typer.echo("Attached. Start with DATABASE_URL set to this database: orders up")


def _tables(
    connection: Connection, state: State, request: _Request
) -> tuple[Found | None, list[Found], str]:
    """Return the table of orders to set (or None), the other tables to watch, and a remark."""
    watched = [find_table(connection, name) for name in request.watch]
    if request.create_orders:
        return None, watched, ""
    if request.orders is not None:
        return find_table(connection, request.orders), watched, ""
    name: str | None = "public.orders"
    if state is not State.NOTHING:
        row = connection.execute(_MAIN).fetchone()
        name = row[0] if row else None
    row = connection.execute("SELECT to_regclass(%s) IS NOT NULL", [name or ""]).fetchone()
    exists = bool(name and row and row[0])
    found = find_table(connection, name) if exists and name else None
    if found is None or not found.can_be_main:
        if request.display:
            raise BadValueError("--orders is needed: there is no table orders with a usable key")
        reason = f"{found.name} has no integer key" if found else "there is no table orders"
        hint = f"No table is shown as orders: {reason}, and --orders names no other."
        return None, watched, hint
    is_known = state is not State.NOTHING and not request.display
    return (None if is_known else found), watched, ""


def _display(
    connection: Connection, state: State, main: Found | None, request: _Request
) -> Mapping[str, str]:
    """Return the column of each role: as requested, otherwise as set for the table before."""
    known: Mapping[str, str] = {}
    if main is not None and state is not State.NOTHING:
        row = connection.execute(_DISPLAY, [main.oid]).fetchone()
        known = row[0] if row else {}
    return {**known, **request.display}


def _plan(
    created: set[tuple[str, str]],
    main: Found | None,
    watched: list[Found],
    display: Mapping[str, str],
) -> Iterator[str]:
    """Yield lines of text on what will be created."""
    own = {(kind, name) for kind, name in created if kind != "trigger"}
    if own:
        yield f"In schema public: {_counted(own)}"
        tables = sorted(name.removeprefix("public.") for kind, name in own if kind == "table")
        yield f"  tables: {', '.join(tables)}"
    if main is not None:
        yield f"Triggers on {main.name}: its rows are the orders of the dashboard and /api/orders"
        shown = [f"key {main.key[0]}", *(f"{role} {column}" for role, column in display.items())]
        yield f"  {', '.join(shown)}"
        yield from _maintained(main)
    for table in watched:
        yield f"Triggers on {table.name}: its rows are at /api/tables"
        yield from _maintained(table)
    for table in (*([main] if main else []), *watched):
        if table.refused:
            yield f"The API cannot {', '.join(table.refused)} rows of {table.name}: no right to"


def _counted(found: set[tuple[str, str]]) -> str:
    """Return the number of objects of each kind as text, without indexes, which tables have."""
    counts = Counter(kind for kind, _ in found if kind != "index")
    return ", ".join(
        f"{number} {kind}{'s' if number > 1 else ''}" for kind, number in sorted(counts.items())
    )


def _maintained(table: Found) -> Iterator[str]:
    if table.maintained:
        yield f"  they set {' and '.join(table.maintained)} of each changed row"


# --- detaching ------------------------------------------------------------------------------------


def _detach(connection: Connection, script: Script, *, yes: bool) -> None:
    state = installation.state(connection)
    if state is State.NOTHING:
        raise BadValueError("this database is not attached; there is nothing to remove")
    if state is State.OWN:
        raise BadValueError("this database is not attached: its table orders was made with it")
    row = connection.execute(_SERVICES).fetchone()
    if row and row[0]:
        raise BadValueError("the API or the listener is connected; stop `orders up` first")
    before = installation.objects(connection)
    with _refusals(), connection.transaction(force_rollback=True):
        installation.remove(connection, script)
        removed = before - installation.objects(connection)
    typer.echo(f"This removes {_counted(removed)}, and the log of changes with them.")
    _confirm("Remove them?", yes=yes)
    with _refusals(), connection.transaction():
        installation.remove(connection, script)
    typer.echo("Detached: nothing of Real-Time Orders is left in this database.")


# --- the connection -------------------------------------------------------------------------------


def _address(url: str | None, data: Data) -> str:
    if url is not None:
        try:
            return of_the_primary(checked_url(url))
        except ValueError as exc:
            raise BadValueError(f"the address {exc}") from None
    return owner_database(data)


@contextmanager
def _refusals() -> Iterator[None]:
    """Translate errors of PostgreSQL in the block into BadValueError, with one sentence."""
    try:
        yield
    except psycopg.errors.LockNotAvailable as exc:
        raise BadValueError(
            "nothing was changed: another transaction holds one of the tables; try again later"
        ) from exc
    except psycopg.Error as exc:
        raise BadValueError(f"nothing was changed: {sentence(exc)}") from exc


def _described(connection: Connection, server: Server) -> str:
    place = f"{connection.info.host}:{connection.info.port}"
    return f"PostgreSQL {server.text} at {place}, database {server.database}, role {server.role}"


def _confirm(question: str, *, yes: bool) -> None:
    if yes:
        return
    if not sys.stdin.isatty():
        raise BadValueError("nothing was changed: no terminal to ask at; use --yes")
    if not typer.confirm(question):
        raise BadValueError("nothing was changed")
