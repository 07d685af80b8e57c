"""The path that suggests values of a text column while a person types one."""

# ruff: noqa: FAST003  CatalogRoute: the endpoints read the request themselves

from typing import Annotated

from fastapi import APIRouter, Request, Response
from pydantic import AfterValidator, BaseModel, Field

from orders_api import responses
from orders_api.columns import storable
from orders_api.errors import InvalidInputError
from orders_api.models import RequestModel
from orders_api.openapi import TABLE, Document, described, problems
from orders_api.requests import CatalogRoute, parts, query, require, slashed, table_of
from orders_contract.filters import MAX_SEARCH_CHARACTERS

router = APIRouter(prefix="/api", route_class=CatalogRoute)


class ValuesQuery(RequestModel):
    """Which values, and how many."""

    prefix: Annotated[str, AfterValidator(storable)] = Field(
        "",
        max_length=MAX_SEARCH_CHARACTERS,
        description="Only values that begin with this text, whatever its case and accents.",
    )
    limit: int = Field(10, ge=1, le=50)


class ValueList(BaseModel):
    """The distinct values, the most frequent first."""

    values: list[str]


COLUMN: Document = {"name": "column", "in": "path", "required": True, "schema": {"type": "string"}}


@router.get(
    "/values/{table}/{column}",
    response_model=ValueList,
    responses=problems(404),
    openapi_extra={"parameters": [TABLE, COLUMN, *described(ValuesQuery)]},
)
async def list_values(request: Request) -> Response:
    """Return the values of a text column in the 10,000 newest rows that the sender may read."""
    who = require(request, "viewer")
    wanted = query(request, ValuesQuery)
    watched = await table_of(request)
    column = watched.table.columns.get(slashed(request.path_params["column"]))
    if column is None or column.kind != "text":
        raise InvalidInputError("column", "must be a column of text")
    values = await parts(request).store.values(watched, column, wanted.prefix, wanted.limit, who)
    return responses.rendered(f'{{"values":{values}}}')
