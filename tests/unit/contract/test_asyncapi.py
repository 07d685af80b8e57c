"""``docs/asyncapi.yaml`` says what the code does."""

import ast
import inspect
from pathlib import Path
from typing import Any, get_args

import pytest
import yaml
from pydantic import BaseModel, ValidationError

from orders_contract import asyncapi, prose
from orders_contract.messages import (
    CLIENT_MESSAGE,
    SERVER_MESSAGE,
    ClientMessage,
    ResetReason,
    ServerMessage,
)
from orders_gateway import protocol
from orders_gateway.transport import CloseCode

_FILE = Path(__file__).resolve().parents[3] / "docs" / "asyncapi.yaml"
_DOCUMENT = asyncapi.document()
_EXAMPLES = [
    pytest.param(model, payload, id=f"{model.__name__}-{name}")
    for model, examples in prose.EXAMPLES.items()
    for name, payload in examples.items()
]


def _union(annotated: Any) -> set[type[BaseModel]]:
    return set(get_args(get_args(annotated)[0]))


def test_file_is_as_the_code_renders_it() -> None:
    """Writing the file anew gives the same file."""
    assert _FILE.read_text() == asyncapi.render(_DOCUMENT)


def test_file_is_yaml() -> None:
    """What was rendered line by line is YAML, and means the document."""
    assert yaml.safe_load(_FILE.read_text()) == _DOCUMENT


@pytest.mark.parametrize(
    "value",
    [
        {"on": "no", "null": None, "1001": "1001", "a key": "a: b # c", "": [], "empty": {}},
        {"text": "one\n\n  two: 'x'\n- three", "emoji": "\U0001f69a", "quote": '"\\'},
        {"list": [1, 2.5, True, "x", ["y", ["z"]], {"deep": [{"er": 1, "est": "a\nb"}]}]},
    ],
)
def test_rendered_is_yaml(value: dict[str, Any]) -> None:
    """Whatever the document will hold, YAML gives it back."""
    assert yaml.safe_load(asyncapi.render(value)) == value


def test_every_message_is_described() -> None:
    """No message of either direction is left out, none is made up."""
    assert set(asyncapi.FROM_SERVER) == _union(ServerMessage)
    assert set(asyncapi.FROM_CLIENT) == _union(ClientMessage)
    assert set(_DOCUMENT["components"]["messages"]) == set(_DOCUMENT["channels"]["ws"]["messages"])
    for message in _DOCUMENT["components"]["messages"].values():
        assert message["description"]
        assert message["examples"]


def test_every_message_is_said_by_someone() -> None:
    """Each message belongs to one operation, as a message or as the reply to one."""
    said = [
        reference["$ref"].rpartition("/")[2]
        for operation in _DOCUMENT["operations"].values()
        for side in (operation, operation.get("reply", {}))
        for reference in side.get("messages", [])
    ]
    assert sorted(said) == sorted(_DOCUMENT["components"]["messages"])


def test_references_lead_somewhere() -> None:
    """Every $ref names something in the document."""
    references = list(_references(_DOCUMENT))
    assert references
    for reference in references:
        place = _DOCUMENT
        for step in reference.removeprefix("#/").split("/"):
            place = place[step]


def _references(value: Any) -> list[str]:
    if isinstance(value, dict):
        own = [value["$ref"]] if "$ref" in value else []
        return own + [each for inner in value.values() for each in _references(inner)]
    return (
        [each for inner in value for each in _references(inner)] if isinstance(value, list) else []
    )


@pytest.mark.parametrize(("model", "payload"), _EXAMPLES)
def test_example_is_a_message(model: type[BaseModel], payload: dict[str, Any]) -> None:
    """An example is a message of its kind, and of no other."""
    union = CLIENT_MESSAGE if model in asyncapi.FROM_CLIENT else SERVER_MESSAGE
    assert type(union.validate_python(payload)) is model
    for other in {*asyncapi.FROM_SERVER, *asyncapi.FROM_CLIENT} - {model}:
        with pytest.raises(ValidationError):
            other.model_validate(payload)


def test_reset_reasons_are_all_explained() -> None:
    """I7: a reset names its reason, and the reason is explained."""
    assert set(prose.RESET_REASONS) == set(get_args(ResetReason))


def test_error_codes_are_all_explained() -> None:
    """Each code of an error that the gateway may send is in the table, and no other."""
    calls = [
        node
        for node in ast.walk(ast.parse(inspect.getsource(protocol)))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id in {"ProtocolError", "error"}
        and isinstance(node.args[0], ast.Constant)
    ]
    assert {ast.literal_eval(call.args[0]) for call in calls} == set(prose.ERROR_CODES)


def test_closing_codes_are_all_explained() -> None:
    """Each code with which the gateway closes is in the table."""
    assert set(CloseCode) <= set(prose.CLOSING_CODES)


def test_query_is_the_one_that_is_read() -> None:
    """What the document says about the query is what the gateway reads from it."""
    values = {name: schema["examples"][0] for name, schema in prose.QUERY.items()}
    query = "&".join(f"{name}={value}" for name, value in values.items())
    resume = protocol.parse_request(f"{_DOCUMENT['channels']['ws']['address']}?{query}")
    assert {"after": resume.after, "stream": resume.stream} == values
