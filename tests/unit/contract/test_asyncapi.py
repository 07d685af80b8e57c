"""``docs/asyncapi.yaml`` describes what the code does."""

import ast
import inspect
import re
from pathlib import Path
from typing import Any, get_args

import pytest
import yaml
from pydantic import BaseModel, ValidationError

from orders_contract import asyncapi
from orders_contract.json_schema import FROM_CLIENT, FROM_SERVER
from orders_contract.matching import (
    MAX_FILTER_COLUMNS,
    MAX_FILTER_TABLES,
    MAX_FILTER_VALUES,
    Selection,
)
from orders_contract.messages import CLIENT_MESSAGE, SERVER_MESSAGE, ResetReason, Subscribe
from orders_gateway import protocol
from orders_gateway.transport import CloseCode

_FILE = Path(__file__).resolve().parents[3] / "docs" / "asyncapi.yaml"
_DOCUMENT: dict[str, Any] = yaml.safe_load(_FILE.read_text())
_MESSAGES = _DOCUMENT["components"]["messages"]
_MODELS = {
    get_args(each.model_fields["type"].annotation)[0]: each for each in FROM_SERVER + FROM_CLIENT
}
_EXAMPLES = [
    pytest.param(_MODELS[name], example["payload"], id=f"{name}-{example['name']}")
    for name, message in _MESSAGES.items()
    for example in message["examples"]
]


def _table(text: str) -> set[str]:
    """Return the first column of a Markdown table."""
    return set(re.findall(r"^\| `(\w+)` \|", text, re.MULTILINE))


def test_schemas_are_those_of_the_models() -> None:
    """Refreshing the file gives the same file."""
    assert _FILE.read_text() == asyncapi.refreshed(_FILE.read_text())


def test_every_message_is_described() -> None:
    """Each message of either direction is described, under its type and by its schema."""
    assert _MESSAGES.keys() == _MODELS.keys() == _DOCUMENT["channels"]["ws"]["messages"].keys()
    for name, message in _MESSAGES.items():
        assert message["payload"]["$ref"].rpartition("/")[2] == _MODELS[name].__name__


def test_every_message_belongs_to_one_operation() -> None:
    """Each message is part of one operation, as a message or as the reply to one."""
    said = [
        reference["$ref"].rpartition("/")[2]
        for operation in _DOCUMENT["operations"].values()
        for side in (operation, operation.get("reply", {}))
        for reference in side.get("messages", [])
    ]
    assert sorted(said) == sorted(_MESSAGES)


def test_references_exist() -> None:
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
    """An example is a message of its type, and of no other."""
    union = CLIENT_MESSAGE if model in FROM_CLIENT else SERVER_MESSAGE
    message = union.validate_python(payload)
    assert type(message) is model
    if isinstance(message, Subscribe):
        Selection.parse(message.wanted)
    for other in {*FROM_SERVER, *FROM_CLIENT} - {model}:
        with pytest.raises(ValidationError):
            other.model_validate(payload)


def test_reset_reasons_are_all_explained() -> None:
    """I7: a reset names its reason, and the reason is explained."""
    assert _table(_MESSAGES["reset"]["description"]) == set(get_args(ResetReason))


def test_error_codes_are_all_explained() -> None:
    """Each code of an error that the gateway may send is explained, and no other."""
    calls = [
        node
        for node in ast.walk(ast.parse(inspect.getsource(protocol)))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id in {"ProtocolError", "error"}
        and isinstance(node.args[0], ast.Constant)
    ]
    explained = _table(_MESSAGES["error"]["description"])
    assert {ast.literal_eval(call.args[0]) for call in calls} == explained


def test_closing_codes_are_all_explained() -> None:
    """Each code with which the gateway closes is explained."""
    assert {str(int(code)) for code in CloseCode} <= _table(_DOCUMENT["info"]["description"])


def test_bounds_of_a_filter_are_documented() -> None:
    """The description of subscribe names the bounds that the code has."""
    bounds = (
        f"At most {MAX_FILTER_TABLES} tables, {MAX_FILTER_COLUMNS} columns for each and "
        f"{MAX_FILTER_VALUES} values for each column."
    )
    assert bounds in _MESSAGES["subscribe"]["description"]


def test_query_is_the_one_that_is_read() -> None:
    """The gateway reads the parameters of the query that the document describes."""
    channel = _DOCUMENT["channels"]["ws"]
    described = channel["bindings"]["ws"]["query"]["properties"]
    values = {name: schema["examples"][0] for name, schema in described.items()}
    query = "&".join(f"{name}={value}" for name, value in values.items())
    resume = protocol.parse_request(f"{channel['address']}?{query}")
    read = {"after": resume.after, "stream": resume.stream, "conflate": int(resume.conflate)}
    assert read == values
