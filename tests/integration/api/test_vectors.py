"""The cases that every client must pass are PostgreSQL's own answers."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from harness.answers import ok
from harness.servers import Database
from harness.waiting import until_async

pytestmark = pytest.mark.anyio

Json = dict[str, Any]
TABLES: list[Json] = json.loads(
    (Path(__file__).parents[2] / "vectors" / "rows.json").read_text(), parse_float=str
)


def created(number: int, of: Json) -> str:
    """Return the statements that create a table of the vectors with its rows."""
    columns = ", ".join(
        f'"{each["name"]}" {each["type"]}'
        + (f" CHECK ({each['name']} IN {tuple(each['choices'])})" if "choices" in each else "")
        for each in of["columns"]
    )
    rows = json.dumps([*of["rows"].values()]).replace("'", "''")
    return f"""
        CREATE TABLE case_{number} ({columns}, PRIMARY KEY ({", ".join(of["key"])}));
        INSERT INTO case_{number}
            SELECT (json_populate_record(NULL::case_{number}, value)).*
              FROM json_array_elements('{rows}');
        SELECT watch_table('case_{number}');
    """


def query_of(case: Json) -> Iterator[tuple[str, str]]:
    """Yield the query of a case."""
    for name in ("search", "sort"):
        if name in case:
            yield name, case[name]
    for name, condition in case.get("filter", {}).items():
        operators = condition if isinstance(condition, dict) else {"eq": condition}
        for operator, value in operators.items():
            for each in value if isinstance(value, list) else [value]:
                if each is None:
                    yield f"{name}.is", "not_null" if operator == "not" else "null"
                else:
                    text = each if isinstance(each, str) else json.dumps(each)
                    yield f"{name}.{operator}", text


@pytest.mark.parametrize("trigrams", [False, True], ids=["", "pg_trgm"])
async def test_postgresql_passes_the_cases(
    api: httpx.AsyncClient, database: Database, *, trigrams: bool
) -> None:
    """Filters, search and order select the rows that every client selects."""
    with database.connect() as connection:
        if trigrams:
            connection.execute("CREATE EXTENSION pg_trgm")
        for number, of in enumerate(TABLES):
            connection.execute(created(number, of).encode())

    async def known() -> bool:
        return f'"case_{len(TABLES) - 1}"' in (await api.get("/api/schema")).text

    await until_async(known, 5)
    for number, of in enumerate(TABLES):
        names = {row["id"]: name for name, row in of["rows"].items()}
        for case in of["cases"]:
            if "order_id" in case.get("filter", {}):
                continue  # only of the table of orders
            answer = await api.get(f"/api/tables/case_{number}", params=[*query_of(case)])
            found = [names[row["id"]] for row in ok(answer)["rows"]]
            expected = case.get("order") or case["matches"]
            assert (found if "sort" in case else sorted(found)) == expected, case["name"]
