"""Rows in request bodies, checked against the columns of a table."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orders_api.bodies import RowFormat
from orders_api.bulk_format import BulkFormat
from orders_api.errors import InvalidInputError, UnsupportedMediaTypeError
from orders_contract.schema import Table
from unit.api.described import ORDERS, column, table

JSON = "application/json"
NEW = RowFormat(ORDERS, changes=False)
CHANGES = RowFormat(ORDERS, changes=True)


def errors_of(body: object, expected: RowFormat | BulkFormat = NEW) -> dict[str, str]:
    """Return messages by field for a body that must be refused."""
    text = body if isinstance(body, str) else json.dumps(body)
    with pytest.raises(InvalidInputError) as caught:
        expected.read(text.encode(), JSON)
    return {error["field"]: error["message"] for error in caught.value.errors}


def accepts(kind: dict[str, Any], value: str) -> bool:
    """Tell whether a column accepts a value, written as JSON."""
    try:
        RowFormat(table(kind), changes=False).read(f'{{"c": {value}}}'.encode(), JSON)
    except InvalidInputError as error:
        return "c" not in [each["field"] for each in error.errors]
    return True


def test_columns_and_text_are_kept() -> None:
    """A body is passed on as it came, with the columns it holds in the table's order."""
    text = '{"total": 1.50, "customer_name": "Zoë"}'
    body = NEW.read(text.encode(), JSON)
    assert body.text == text
    assert body.columns == ("customer_name", "total")


def test_required_columns() -> None:
    """A column is required unless it is nullable or has a default; changes require none."""
    assert errors_of({}) == {"customer_name": "is required"}
    assert CHANGES.read(b'{"quantity": 2}', JSON).columns == ("quantity",)
    assert errors_of({}, CHANGES) == {"body": "must contain at least one column"}


def test_unknown_and_read_only_columns() -> None:
    """A column that does not exist, or that the database sets, is refused by name."""
    body = {"customer_name": "A", "colour": 1, "id": 3, "version": 7}
    assert errors_of(body) == {
        "colour": "is not known here",
        "id": "cannot be written",
        "version": "cannot be written",
    }


@pytest.mark.parametrize("format_", [NEW, CHANGES])
def test_null_where_it_is_not_allowed(format_: RowFormat) -> None:
    """Null is a value for nullable columns only."""
    assert set(errors_of({"customer_name": None, "total": None}, format_)) == {"customer_name"}


INTEGER = column("c", "integer", type="integer")
BIGINT = column("c", "integer", type="bigint")
SMALLINT = column("c", "integer", type="smallint")
NUMBER = column("c", "number", type="numeric(38,10)")
CHOICE = column("c", "choice", choices=["a", "b"])
NUMERIC_CHOICE = column("c", "choice", type="integer", choices=["1", "2"])
DATE = column("c", "date")
TIME = column("c", "timestamp", type="timestamp with time zone")


@pytest.mark.parametrize(
    ("kind", "good", "bad"),
    [
        (column("c", max_length=3), ['""', '"abc"', '"🎉🎉🎉"'], ['"abcd"', "7", "true", "[]"]),
        (column("c"), [r'"tab\t\u007f\u0001"'], [r'"nul\u0000"', r'"\ud83d"', "null"]),
        (INTEGER, ["0", "2147483647"], ["2147483648", "1.5", "1.0", '"3"', "true", "null"]),
        (SMALLINT, ["32767"], ["32768"]),
        (BIGINT, [str(2**63 - 1), f'"{2**63 - 1}"'], [str(2**63), f'"{2**63}"', '"x"']),
        (NUMBER, ["1", "12345678901234567890.0123456789", '"1.5"', '"NaN"'], ["true", '"x"']),
        (column("c", "boolean"), ["true", "false"], ["0", "1", '"true"', "null"]),
        (CHOICE, ['"a"', '"b"'], ['"c"', '"A"', '""', "1"]),
        (NUMERIC_CHOICE, ["1", "2", "2.0"], ["3", '"1"', "true"]),
        (DATE, ['"2026-05-31"', '"infinity"', '"0001-02-29 BC"'], ['"31.5.2026"', "5"]),
        (TIME, ['"2026-05-31T12:00:00Z"', '"2026-05-31"', '"-infinity"'], ['"now"', '"12:00"']),
        (TIME, ['"20000-01-01 00:00:00.12+05:30"', '"0044-03-15T00:00:00+00 BC"'], ['""', "5"]),
        (column("c", "uuid"), ['"f81d4fae-7dec-11d0-a765-00a0c91e6bf6"'], ['"f81d4fae"', "1"]),
        (column("c", "binary"), [r'"\\x"', r'"\\x00ff"'], ['"00ff"', r'"\\x0"', "1"]),
        (column("c", "json"), ["1", '"text"', "[1, null]", '{"a": {"b": 1}}'], []),
        (column("c", "array"), ["[]", "[1, [2]]", '["a"]'], ['"a"', "1", "{}"]),
        (column("c", "other", type="inet"), ['"10.0.0.1"', "5", "{}"], ["null"]),
    ],
)
def test_values_by_kind(kind: dict[str, Any], good: list[str], bad: list[str]) -> None:
    """Each kind of column accepts its values, also at their limits, and nothing else."""
    assert [value for value in good if not accepts(kind, value)] == []
    assert [value for value in bad if accepts(kind, value)] == []


@pytest.mark.parametrize(
    ("kind", "value", "message"),
    [
        (BIGINT, "1" * 30, f"must be at most {2**63 - 1}"),
        (BIGINT, '"-' + "1" * 30 + '"', f"must be at least {-(2**63)}"),
        (DATE, '"2026-02-30"', "must be a date that exists"),
        (DATE, '"0002-02-29 BC"', "must be a date that exists"),
        (TIME, '"2026-13-01T00:00:00Z"', "must be a date that exists"),
    ],
)
def test_messages_name_the_reason(kind: dict[str, Any], value: str, message: str) -> None:
    """A number beyond its column and a day that does not exist are refused for what they are."""
    assert errors_of(f'{{"c": {value}}}', RowFormat(table(kind), changes=False)) == {"c": message}


@given(st.text(min_size=1, max_size=200).filter(lambda text: "\x00" not in text))
def test_texts_are_kept_as_sent(name: str) -> None:
    """A text is stored as it came; only PostgreSQL judges what else a CHECK demands."""
    body = NEW.read(json.dumps({"customer_name": name}).encode(), JSON)
    assert body.values["customer_name"] == name


@pytest.mark.parametrize(
    "text",
    ['{"a":', "", "[" * 60_000, "1" * 60_000, '{"total": NaN}', '{"total": 1e9999999999999999999}'],
)
def test_what_is_not_json(text: str) -> None:
    """JSON that is broken, too deep, or beyond what can be read is refused as a whole."""
    assert errors_of(text) == {"body": "cannot be read as JSON"}


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-32"])
def test_encodings_of_json(encoding: str) -> None:
    """A body may come in any encoding of Unicode; PostgreSQL gets it in one."""
    body = NEW.read('{"customer_name": "Zoë"}'.encode(encoding), JSON)
    assert body.text == '{"customer_name": "Zoë"}'


@pytest.mark.parametrize("media_type", ["", "text/plain", "application/x-www-form-urlencoded"])
def test_other_media_types(media_type: str) -> None:
    """A body of another media type is refused with that reason."""
    with pytest.raises(UnsupportedMediaTypeError):
        NEW.read(b'{"customer_name": "A"}', media_type)
    assert NEW.read(b'{"customer_name": "A"}', "application/JSON; charset=utf-8").columns


def test_errors_do_not_repeat_large_input() -> None:
    """However large the input, the answer is small and does not repeat its values."""
    huge: dict[str, object] = {"x" * 50_000: 1, "status": "y" * 50_000, "quantity": "z" * 50_000}
    huge |= {f"field{n}": n for n in range(1000)}
    text = json.dumps(errors_of(huge))
    assert len(text) < 5000
    assert "yyy" not in text
    assert "zzz" not in text


def test_digest_ignores_the_order_of_columns() -> None:
    """The same values in another order are the same content; other values are not."""

    def digest(text: str) -> bytes:
        return NEW.read(text.encode(), JSON).digest()

    first = digest('{"customer_name": "A", "quantity": 1}')
    assert digest('{"quantity": 1, "customer_name": "A"}') == first
    assert digest('{"quantity": 2, "customer_name": "A"}') != first


def test_odd_column_names() -> None:
    """Names that are no Python names, or mean something to it, are fields like any other."""
    odd = ["Größe", "a b", 'x"y', "model_config", "__doc__", "class", "100%", "schema"]
    described: Table = table(*(column(name, nullable=True) for name in odd))
    text = json.dumps(dict.fromkeys(odd, "v"))
    body = RowFormat(described, changes=False).read(text.encode(), JSON)
    assert list(body.columns) == odd


def test_version_of_many_rows() -> None:
    """A row may be named with a version where answers have one: that of a domain is none."""
    named = {"rows": [{"key": {"id": 1}, "version": 3}]}
    plain, of_domain = (
        BulkFormat(table(column("version", "integer", type=each, writable=False)), changes=False)
        for each in ("bigint", "a_domain")
    )
    assert plain.read(json.dumps(named).encode(), JSON).rows[0].version == "3"
    refused = {"rows[0].version": "cannot be given: rows of this table have none"}
    assert errors_of(named, of_domain) == refused
