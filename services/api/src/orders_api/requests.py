"""Functions by which routes read requests, and the parts of the running API that they use."""

import re
from collections.abc import Callable, Collection, Coroutine
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any, TypeAlias, TypeVar
from urllib.parse import unquote

from fastapi import Depends, Request, Response
from fastapi.routing import APIRoute
from pydantic import BaseModel, ValidationError
from starlette.types import Receive, Scope, Send

from orders_access.principal import Principal
from orders_access.tokens import Verifier
from orders_api import preconditions
from orders_api.activity import Activity
from orders_api.bulk import Bulk
from orders_api.catalog import Catalog, WatchedTable
from orders_api.columns import read_text
from orders_api.database import Database
from orders_api.errors import (
    ForbiddenError,
    InvalidInputError,
    OpenModeError,
    SchemaChangedError,
    TableNotFoundError,
    UnauthorizedError,
)
from orders_api.exports import Exports
from orders_api.field_errors import message
from orders_api.health import HealthProbe
from orders_api.log import Log
from orders_api.preconditions import MalformedTagError, Precondition
from orders_api.revocation_list import RevocationList
from orders_api.sessions import Sessions
from orders_api.settings import Settings
from orders_api.store import Key, Store
from orders_api.users import Users
from orders_api.validation import invalid_input
from orders_contract.messages import Role

if TYPE_CHECKING:  # loaded only if there is a company login
    from orders_api.company_sessions import CompanySessions
from orders_service.redis_client import RedisClient

TABLE_SEGMENT = 3
"""Index of the table's name in a path; before it are "", "api", and "tables" or the like."""

_BY_TABLE = (
    "/api/tables/", "/api/counts/", "/api/export/", "/api/values/", "/api/settings/choices/"
)  # fmt: skip

_VISIBLE_ASCII = re.compile(r"[\x21-\x7e]{1,200}")
QueryT = TypeVar("QueryT", bound=BaseModel)
Endpoint: TypeAlias = Callable[[Request], Coroutine[Any, Any, Response]]


@dataclass(frozen=True, slots=True)
class Parts:
    """The parts of the running API that routes use."""

    settings: Settings
    catalog: Catalog
    store: Store
    bulk: Bulk
    exports: Exports
    log: Log
    activity: Activity
    probe: HealthProbe
    redis: RedisClient
    revocations: RevocationList
    accounts: Database
    sessions: Sessions
    users: Users
    company: "CompanySessions | None"
    verifier: Verifier | None


class CatalogRoute(APIRoute):
    """A route whose inputs the catalog describes; its endpoint reads the request itself.

    If the tables have changed since the catalog was read, the catalog is read again and the request
    is served again from the start. FastAPI only describes the route. If it also parsed the request,
    that would cost as much as all other work for the request.
    """

    def __init__(self, path: str, endpoint: Endpoint, **options: Any) -> None:
        super().__init__(path, endpoint, **options)
        self.app = partial(_serve, endpoint)


async def _serve(endpoint: Endpoint, scope: Scope, receive: Receive, send: Send) -> None:
    request = Request(scope, receive, send)
    try:
        response = await endpoint(request)
    except SchemaChangedError:
        await parts(request).catalog.refresh()
        response = await endpoint(request)
    await response(scope, receive, send)


def parts(request: Request) -> Parts:
    """Return the parts of the running API."""
    running: Parts = request.app.state.parts
    return running


def sender(request: Request) -> Principal | None:
    """Return the principal that the gate found; None for a request without a valid token."""
    principal: Principal | None = request.state.principal
    return principal


def require(request: Request, role: Role) -> Principal:
    """Return the principal of a request.

    Raises:
        UnauthorizedError: the request has no valid credential. The gate lets such requests pass on
            public paths, some of which have methods that need one.
        ForbiddenError: the principal's role does not include ``role``.

    """
    principal = sender(request)
    if principal is None:
        raise UnauthorizedError("")
    if not principal.may(role):
        raise ForbiddenError
    return principal


def require_no_query(request: Request, *, but: str = "") -> None:
    """Refuse a request with query parameters other than ``but``."""
    if request.scope["query_string"]:
        for name in request.query_params:
            if name != but:
                raise InvalidInputError(name[:100], message("unknown"))


async def closed(request: Request) -> None:
    """Refuse requests in open mode, which has no users and no sessions."""
    if parts(request).settings.is_open:
        raise OpenModeError


async def _uncached(request: Request, response: Response) -> None:
    """Refuse query parameters, and keep the answer out of caches."""
    require_no_query(request)
    response.headers["Cache-Control"] = "no-store"


async def _viewer(request: Request) -> Principal:
    return require(request, "viewer")


async def _full_admin(request: Request) -> Principal:
    """Return the principal; refuse all but admins who are not restricted to some rows."""
    who = require(request, "admin")
    if who.rows is not None:
        raise ForbiddenError
    return who


UNCACHED = Depends(_uncached)
Viewer = Annotated[Principal, Depends(_viewer)]
Admin = Annotated[Principal, Depends(_full_admin)]


def query(request: Request, model: type[QueryT], *, lists: Collection[str] = ()) -> QueryT:
    """Return the query parameters as a model; parameters in ``lists`` keep all their values."""
    given = request.query_params
    try:
        return model.model_validate(
            {name: given.getlist(name) if name in lists else given[name] for name in given}
        )
    except ValidationError as exc:
        raise invalid_input(exc.errors(include_url=False)) from None


async def table_of(request: Request) -> WatchedTable:
    """Return the watched table that the path names; the main table if the path names none."""
    catalog = await parts(request).catalog.current()
    if "table" not in request.path_params:
        return catalog.orders
    try:
        return catalog.tables[unquote(segments(request)[TABLE_SEGMENT])]
    except KeyError:
        raise TableNotFoundError from None


def path_of(scope: Scope) -> str:
    """Return the decoded path for matching routes; a slash in a name separates nothing.

    Such a slash is replaced by NUL, which no name contains; see ``slashed``.
    """
    path: str = scope["path"]
    raw: bytes = scope["raw_path"]
    if b"%2f" not in raw.lower() or not path.startswith(_BY_TABLE):
        return path
    parts = raw.decode("latin-1").partition("?")[0].split("/")
    return "/".join(unquote(part).replace("/", "\0") for part in parts)


def slashed(name: str) -> str:
    """Return a name from the path of ``path_of`` with its slashes, which are NUL there."""
    return name.replace("\0", "/")


def segments(request: Request) -> list[str]:
    """Return the segments of the path, still URL-encoded."""
    path: bytes = request.scope["raw_path"]
    return path.decode("latin-1").partition("?")[0].split("/")


def row_key(request: Request, watched: WatchedTable) -> Key:
    """Return the key of a row from the path, in which commas and slashes of a part are encoded."""
    columns = watched.table.key
    if "table" in request.path_params:
        place, joined = "key", "/".join(segments(request)[TABLE_SEGMENT + 1 :])
        given = [unquote(part, errors="surrogateescape") for part in joined.split(",")]
    else:
        place, given = "order_id", [request.path_params["order_id"]]
    if len(given) != len(columns):
        raise InvalidInputError(place, f"must have {len(columns)} parts, joined by commas")
    try:
        return tuple(
            read_text(watched.table.columns[column], text)
            for column, text in zip(columns, given, strict=True)
        )
    except ValueError as exc:
        raise InvalidInputError(place, exc.args[0]) from None


def header(request: Request, name: bytes) -> str | None:
    """Return the first header with this name, which is in lower case; None if there is none."""
    for key, value in request.scope["headers"]:
        if key == name:
            text: str = value.decode("latin-1")
            return text
    return None


def content_type(request: Request) -> str:
    """Return the Content-Type header; empty if there is none."""
    return header(request, b"content-type") or ""


def if_match(request: Request) -> Precondition:
    """Return the tags in If-Match, one of which a row must have to be changed."""
    try:
        return preconditions.if_match(header(request, b"if-match"))
    except MalformedTagError:
        raise InvalidInputError("If-Match", 'must be * or a version in quotes, as "3"') from None


def idempotency_key(request: Request) -> str | None:
    """Return the Idempotency-Key header; None if there is none."""
    key = header(request, b"idempotency-key")
    if key is not None and not _VISIBLE_ASCII.fullmatch(key):
        raise InvalidInputError("Idempotency-Key", "must be 1 to 200 visible ASCII characters")
    return key
