"""The API's description in OpenAPI. The parts about rows change with the catalog."""

from copy import deepcopy
from functools import cache
from typing import Any

from fastapi import FastAPI
from pydantic import BaseModel

from orders_api.catalog import Description, WatchedTable
from orders_api.exports import DELIMITERS
from orders_api.filters import DEFAULT_LIMIT, MAX_LIMIT, MAX_OFFSET, RESERVED
from orders_api.gate import is_public
from orders_api.models import ActivityQuery, BurstQuery, EventQuery, Problem
from orders_api.problems import MEDIA_TYPE
from orders_contract.filters import MAX_SEARCH_CHARACTERS
from orders_contract.schema import ORDERS, Column

Document = dict[str, Any]

_BIGINT = 2**63


def _parameter(name: str, place: str, schema: Document, description: str = "") -> Document:
    described = {"description": description} if description else {}
    return {"name": name, "in": place, "required": place == "path", "schema": schema, **described}


ORDER_ID = _parameter(
    "order_id", "path", {"type": "integer", "minimum": -_BIGINT, "maximum": _BIGINT - 1}
)
TABLE = _parameter("table", "path", {"type": "string"}, "The name of a watched table.")
KEY = _parameter(
    "key",
    "path",
    {"type": "string"},
    "The primary key; the parts of a composite key, each URL-encoded, joined by commas.",
)
IF_MATCH = _parameter(
    "If-Match",
    "header",
    {"type": "string"},
    'Write only if the row still has this ETag, or this version: `"3"`.',
)
INCLUDE = _parameter(
    "include",
    "query",
    {"type": "array", "items": {"type": "string"}},
    "Child tables to include: of each, at most 1,000 rows sorted by key (100 in a list of rows); "
    "`{table}.more` is true if there are more.",
)
IDEMPOTENCY_KEY = _parameter(
    "Idempotency-Key",
    "header",
    {"type": "string", "pattern": r"^[\x21-\x7e]{1,200}$"},
    "Identifies repetitions of this request: 1 to 200 visible ASCII characters, kept for a day.",
)


def described(model: type[BaseModel]) -> list[Document]:
    """Return the OpenAPI descriptions of the query parameters in a model."""
    properties = model.model_json_schema()["properties"]
    return [_parameter(name, "query", schema) for name, schema in properties.items()]


EVENT_QUERY = described(EventQuery)
ACTIVITY_QUERY = described(ActivityQuery)
BURST_QUERY = described(BurstQuery)
SEARCH = _parameter(
    "search",
    "query",
    {"type": "string", "maxLength": MAX_SEARCH_CHARACTERS},
    "Words that each occur in a text of the row, whatever case and accents; `#17` finds row 17.",
)
ATTENTION = _parameter(
    "attention",
    "query",
    {"type": "string", "enum": ["warn", "late"]},
    "Only rows that have had their status for longer than its threshold (`waiting` in the schema).",
)
_PAGING = [
    _parameter(
        "sort",
        "query",
        {"type": "string"},
        "A column, or `-column` for descending order; up to five, joined by commas.",
    ),
    _parameter(
        "limit",
        "query",
        {"type": "integer", "minimum": 1, "maximum": MAX_LIMIT, "default": DEFAULT_LIMIT},
    ),
    _parameter("cursor", "query", {"type": "string"}, "`next_cursor` of the previous page."),
    _parameter(
        "offset",
        "query",
        {"type": "integer", "minimum": 0, "maximum": MAX_OFFSET, "default": 0},
        "Skip this many rows, to jump within a list; not with `cursor`, which is faster.",
    ),
]
EXPORT = [
    TABLE,
    SEARCH,
    ATTENTION,
    _PAGING[0],
    _parameter(
        "columns",
        "query",
        {"type": "array", "items": {"type": "string"}},
        "The columns, in this order; several may be joined by commas. Default: all.",
    ),
    _parameter(
        "delimiter",
        "query",
        {"type": "string", "enum": [*DELIMITERS], "default": ","},
        "The character between two fields.",
    ),
    _parameter(
        "bom",
        "query",
        {"type": "boolean", "default": False},
        "Begin with a byte order mark, by which Excel recognises UTF-8.",
    ),
]
"""The parameters of an export. The filters on columns depend on the table and are left out."""
_FILTER = (
    "Only rows with one of these values. Also `{name}.not`, `.gte`, `.gt`, `.lte`, `.lt`, "
    "`.contains`, and `.is=null` or `.is=not_null`."
)


def problems(*statuses: int) -> dict[int | str, Document]:
    """Return the OpenAPI descriptions of errors: ``statuses``, and those that all paths have."""
    return {status: {"model": Problem} for status in (401, 403, *statuses, 422, 429, 503)}


def install(app: FastAPI) -> None:
    """Make ``/api/openapi.json`` describe the present tables.

    The description is made when it is first requested, because that takes a tenth of a second.
    """
    of_fastapi = app.openapi
    described: dict[str, Document] = {}

    @cache
    def general() -> Document:
        return _general(of_fastapi())

    def current() -> Document:
        parts = getattr(app.state, "parts", None)
        known: Description | None = parts and parts.catalog.known
        if known is None:
            return general()
        if known.version not in described:
            described.clear()
            described[known.version] = _with_tables(general(), known)
        return described[known.version]

    app.openapi = current  # type: ignore[method-assign]  # as FastAPI's documentation says


def _general(document: Document) -> Document:
    """Add what FastAPI does not describe: tokens, and the media type of errors."""
    schemes = document["components"].setdefault("securitySchemes", {})
    schemes["token"] = {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}
    for path, operations in document["paths"].items():
        for operation in operations.values():
            operation["security"] = [{}, {"token": []}] if is_public(path) else [{"token": []}]
            for response in operation["responses"].values():
                _correct_media_type(response.get("content", {}))
    return document


def _correct_media_type(content: Document) -> None:
    described = content.get("application/json", {}).get("schema", {})
    if described.get("$ref", "").endswith("/Problem"):
        content[MEDIA_TYPE] = content.pop("application/json")


def _with_tables(general: Document, description: Description) -> Document:
    document = deepcopy(general)
    paths = document["paths"]
    paths["/api/tables/{table}"]["get"]["parameters"] = [
        TABLE,
        SEARCH,
        ATTENTION,
        *_PAGING,
        INCLUDE,
    ]
    if ORDERS in description.tables:
        _describe_orders(document, description.orders)
    return document


def _describe_orders(document: Document, orders: WatchedTable) -> None:
    schemas = document["components"]["schemas"]
    schemas["Order"] = _row_schema("Order", orders)
    new_order = orders.new_row.adapter.json_schema(ref_template="#/components/schemas/{model}")
    schemas |= new_order.pop("$defs", {})
    schemas["NewOrder"] = new_order | {"title": "NewOrder"}
    for name, child in orders.children.items():
        schemas["Order"]["properties"][name] = {
            "type": "array",
            "items": _row_schema(name, child),
            "description": f"Rows of {name}, if they were included.",
        }
    schemas["OrderChanges"] = orders.changes.adapter.json_schema() | {
        "title": "OrderChanges",
        "minProperties": 1,
    }
    for title, bulk in (
        ("OrdersChanges", orders.bulk_changes),
        ("OrdersDeletions", orders.bulk_deletions),
    ):
        described = bulk.adapter.json_schema(ref_template="#/components/schemas/{model}")
        schemas |= described.pop("$defs", {})
        schemas[title] = described | {"title": title}
    schemas["OrderList"]["properties"]["orders"]["items"] = _reference("Order")
    paths = document["paths"]
    listed, one = paths["/api/orders"], paths["/api/orders/{order_id}"]
    status = orders.table.display.get("status")
    filters = [
        _filter(column)
        for column in orders.table.columns.values()
        if column.kind not in ("json", "array")
    ]
    include = deepcopy(INCLUDE)
    if orders.children:
        include["schema"]["items"]["enum"] = [*orders.children]
    listed["get"]["parameters"] = [*filters, SEARCH, ATTENTION, *_PAGING, include]
    one["get"]["parameters"] = [ORDER_ID, include]
    paths["/api/orders/counts"]["get"]["parameters"] = [
        *(each for each in filters if each["name"] != status),
        SEARCH,
        ATTENTION,
    ]
    for operation, body, success in (
        (listed["post"], "NewOrder", "201"),
        (one["get"], None, "200"),
        (one["put"], "OrderChanges", "200"),
        (one["patch"], "OrderChanges", "200"),
    ):
        operation["responses"][success]["content"] = _json_content("Order")
        if body is not None:
            operation["requestBody"] = {"required": True, "content": _json_content(body)}
    for method, body in (("patch", "OrdersChanges"), ("delete", "OrdersDeletions")):
        listed[method]["requestBody"] = {"required": True, "content": _json_content(body)}


def _row_schema(title: str, table: WatchedTable) -> Document:
    columns = table.table.columns
    return {
        "title": title,
        "type": "object",
        "properties": {name: _value_schema(column) for name, column in columns.items()},
        "required": [*columns],
    }


def _value_schema(column: Column) -> Document:
    """Return the JSON schema of a column's value in an answer."""
    types = {
        "text": ["string"],
        "integer": ["integer"],
        "number": ["number", "string"],  # "NaN", "Infinity"
        "boolean": ["boolean"],
        "date": ["string"],
        "timestamp": ["string"],
        "uuid": ["string"],
        "array": ["array"],
        "binary": ["string"],
    }.get(column.kind)
    described: Document = {} if types is None else {"type": types}
    if types is not None and column.nullable:
        described["type"] = [*types, "null"]
    if column.choices:
        described["examples"] = [*column.choices]
    if column.comment:
        described["description"] = column.comment
    return described


def _filter(column: Column) -> Document:
    name = f"{column.name}.eq" if column.name in RESERVED else column.name
    value: Document = {
        "integer": {"type": "integer"},
        "number": {"type": "number"},
        "boolean": {"type": "boolean"},
        "uuid": {"type": "string", "format": "uuid"},
    }.get(column.kind, {"type": "string"})
    if column.kind == "choice":
        value = {"type": "string", "enum": [*(column.choices or ())]}
    schema = {"type": "array", "items": value, "maxItems": 100}
    return _parameter(name, "query", schema, _FILTER.format(name=column.name))


def _reference(name: str) -> Document:
    return {"$ref": f"#/components/schemas/{name}"}


def _json_content(name: str) -> Document:
    return {"application/json": {"schema": _reference(name)}}
