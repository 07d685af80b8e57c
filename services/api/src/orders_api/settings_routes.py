"""The paths for admins about choices, watched tables and the deployment; open mode has them too."""

from dataclasses import asdict
from typing import Annotated

from fastapi import APIRouter, Request, Response
from pydantic import AfterValidator

from orders_access.principal import Principal
from orders_access.security_log import SecurityLog
from orders_api import choice_rules, deployment, owner_tasks
from orders_api.access_models import InPath
from orders_api.choice_rules import NONE, Rules
from orders_api.columns import storable
from orders_api.errors import RowNotFoundError
from orders_api.openapi import problems
from orders_api.owner_tasks import ColumnOfTable
from orders_api.requests import UNCACHED, Admin, if_match, parts, slashed
from orders_api.settings_models import (
    ChoiceColumns,
    ChoiceRules,
    DatabaseTables,
    Deployment,
    NewChoice,
    Outcome,
    Watching,
)
from orders_contract.schema import Schema

_security = SecurityLog()
router = APIRouter(prefix="/api/settings", dependencies=[UNCACHED])

Segment = Annotated[str, AfterValidator(slashed)]
Choice = Annotated[Segment, AfterValidator(storable)]


@router.get("/choices", responses=problems())
async def list_choices(request: Request, _who: Admin) -> ChoiceColumns:
    """Return the columns with choices, and the rules of these choices."""
    schema = await _schema(request)
    rules = await choice_rules.read(parts(request).accounts)
    columns = []
    for (table, column), choices in choice_rules.choice_columns(schema).items():
        known = rules.get((table, column), NONE)
        of_column = {"table": table, "column": column, "choices": choices}
        columns.append(of_column | asdict(known) | {"version": known.version})
    return ChoiceColumns.model_validate({"columns": columns})


@router.put("/choices/{table}/{column}", status_code=204, responses=problems(404, 412, 413, 415))
async def set_rules(
    request: Request, who: Admin, table: Segment, column: Segment, wanted: ChoiceRules
) -> Response:
    """Set the rules of a column's choices. Dashboards apply them within seconds.

    Send the `version` that you have seen as `If-Match`.
    """
    running = parts(request)
    _, choices = await _column(request, table, column)
    rules = Rules(**wanted.model_dump())
    choice_rules.check(rules, choices)
    place = (table, column)
    await choice_rules.replace(running.accounts, place, rules, if_match(request), who.subject)
    _security.changed("choices", who.subject, f"{table}.{column}")
    return Response(status_code=204)


@router.post("/choices/{table}/{column}", responses=problems(404, 409, 413, 415))
async def add_choice(
    request: Request, who: Admin, table: Segment, column: Segment, wanted: NewChoice
) -> Outcome:
    """Add a choice, or return the SQL for the owner if the API's database role may not do it."""
    place, _ = await _column(request, table, column)
    accounts, choice = parts(request).accounts, wanted.choice
    statement = await owner_tasks.change_choice(accounts, place, choice, add=True)
    return _outcome(who, statement, f"choice_{choice}", f"{table}.{column}")


@router.delete("/choices/{table}/{column}/{choice:path}", responses=problems(404, 409))
async def remove_choice(
    request: Request, who: Admin, table: Segment, column: Segment, choice: Choice
) -> Outcome:
    """Remove a choice that no row has, and its rules, or return the SQL for the owner."""
    place, choices = await _column(request, table, column)
    if choice not in choices:
        raise RowNotFoundError("choices")
    statement = await owner_tasks.change_choice(parts(request).accounts, place, choice, add=False)
    return _outcome(who, statement, f"choice_removed_{choice}", f"{table}.{column}")


@router.get("/tables", responses=problems())
async def list_tables(request: Request, _who: Admin) -> DatabaseTables:
    """Return the tables of the database, and whether each is watched."""
    return DatabaseTables(tables=await owner_tasks.tables(parts(request).accounts))


@router.put("/tables/{table:path}", responses=problems(404, 409, 413, 415))
async def watch(request: Request, who: Admin, table: InPath, wanted: Watching) -> Outcome:
    """Watch a table or stop watching it, or return the SQL for the owner (see `Outcome`)."""
    statement = await owner_tasks.watch(parts(request).accounts, table, live=wanted.watched)
    what = "watched" if wanted.watched else "unwatched"
    return _outcome(who, statement, what, table)


@router.get("/deployment", responses=problems())
async def get_deployment(request: Request, _who: Admin) -> Deployment:
    """Return the settings of this API process, without secrets, and the extent of the log."""
    running = parts(request)
    log = await deployment.log_extent(running.accounts)
    return Deployment(settings=deployment.shown(running.settings), log=log)


def _outcome(who: Principal, statement: str | None, what: str, place: str) -> Outcome:
    if statement is None:
        _security.changed(what, who.subject, place)
    return Outcome(done=statement is None, statement=statement)


async def _column(
    request: Request, table: str, column: str
) -> tuple[ColumnOfTable, tuple[str, ...]]:
    """Return a column and its present choices; raise RowNotFoundError if it has none."""
    schema = await _schema(request)
    choices = choice_rules.choice_columns(schema).get((table, column))
    if choices is None:
        raise RowNotFoundError("choices")
    known = schema.tables[table]
    return ColumnOfTable(known.namespace, known.relation, column), choices


async def _schema(request: Request) -> Schema:
    """Return the description of the tables, read again if it has changed."""
    catalog = parts(request).catalog
    await catalog.refresh()
    return (await catalog.current()).schema
