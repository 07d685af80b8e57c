"""``docs/asyncapi.yaml``: the WebSocket protocol for people and tools, rendered from the models.

Write the file anew after changing messages or this module; a test compares the two::

    .venv/bin/python -m orders_contract.asyncapi > docs/asyncapi.yaml

JSON strings are YAML strings, so a few lines write YAML that reads well and need no library.
"""

import inspect
import json
import re
import sys
from collections.abc import Iterator
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from orders_contract import messages
from orders_contract.prose import (
    ABOUT,
    CLOSING_CODES,
    DETAILS,
    ERROR_CODES,
    EXAMPLES,
    QUERY,
    REFUSALS,
    RESET_REASONS,
)

FROM_SERVER: tuple[type[BaseModel], ...] = (
    messages.Hello,
    messages.Authenticated,
    messages.Expiring,
    messages.Events,
    messages.Heartbeat,
    messages.Reset,
    messages.Subscribed,
    messages.SchemaChanged,
    messages.Pong,
    messages.Error,
)
FROM_CLIENT: tuple[type[BaseModel], ...] = (
    messages.Auth,
    messages.Subscribe,
    messages.Ping,
)

_HEADER = "# Made by `python -m orders_contract.asyncapi`; not to be edited by hand.\n"

Json = dict[str, Any]


def document() -> Json:
    """Return the description of ``/ws`` as AsyncAPI 3.0."""
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Real-Time Orders: /ws",
            "version": "1.0.0",
            "description": _about(),
            "license": {"name": "MIT"},
        },
        "defaultContentType": "application/json",
        "servers": {
            "edge": {
                "host": "localhost:3000",
                "protocol": "ws",
                "description": "One origin for dashboard, API and gateways.",
            }
        },
        "channels": {"ws": _channel()},
        "operations": _operations(),
        "components": {
            "messages": {_name(each): _message(each) for each in FROM_SERVER + FROM_CLIENT},
            "schemas": _schemas(),
        },
    }


def render(value: Json) -> str:
    """Return a document as YAML, the same for the same document."""
    return _HEADER + "\n".join(_lines(value, "")) + "\n"


def _about() -> str:
    return "\n\n".join(
        [
            ABOUT,
            "### Closing codes\n\n" + _table("code", "meaning", CLOSING_CODES),
            "### Answers instead of a connection\n\n" + _table("status", "meaning", REFUSALS),
        ]
    )


def _channel() -> Json:
    query = {"type": "object", "properties": QUERY}
    return {
        "address": "/ws",
        "title": "The stream of changes",
        "description": "Plain JSON text frames, one message each, in both directions.",
        "messages": {
            _name(each): {"$ref": f"#/components/messages/{_name(each)}"}
            for each in FROM_SERVER + FROM_CLIENT
        },
        "bindings": {"ws": {"method": "GET", "query": query, "bindingVersion": "0.1.0"}},
        "x-closing-codes": {str(code): meaning for code, meaning in CLOSING_CODES.items()},
    }


def _operations() -> Json:
    """Return who says what, as seen from the gateway."""
    return {
        "stream": {
            "action": "send",
            "channel": {"$ref": "#/channels/ws"},
            "summary": "The gateway tells what changes.",
            "messages": _in_channel(messages.Hello, messages.Events, messages.Heartbeat)
            + _in_channel(
                messages.Reset, messages.SchemaChanged, messages.Expiring, messages.Error
            ),
        },
        "auth": _request(messages.Auth, messages.Authenticated),
        "subscribe": _request(messages.Subscribe, messages.Subscribed),
        "ping": _request(messages.Ping, messages.Pong),
    }


def _request(asked: type[BaseModel], answered: type[BaseModel]) -> Json:
    channel = {"$ref": "#/channels/ws"}
    return {
        "action": "receive",
        "channel": channel,
        "summary": _prose(asked),
        "messages": _in_channel(asked),
        "reply": {"channel": channel, "messages": _in_channel(answered)},
    }


def _in_channel(*models: type[BaseModel]) -> list[Json]:
    return [{"$ref": f"#/channels/ws/messages/{_name(each)}"} for each in models]


def _message(model: type[BaseModel]) -> Json:
    tables: dict[type[BaseModel], str] = {
        messages.Reset: _table("reason", "meaning", RESET_REASONS),
        messages.Error: _table("code", "meaning", ERROR_CODES),
    }
    description = "\n\n".join(
        part for part in (_prose(model), DETAILS.get(model), tables.get(model)) if part
    )
    return {
        "name": _name(model),
        "title": model.__name__,
        "description": description,
        "payload": {"$ref": f"#/components/schemas/{model.__name__}"},
        "examples": [
            {"name": name, "payload": payload} for name, payload in EXAMPLES[model].items()
        ],
    }


def _schemas() -> Json:
    _, found = models_json_schema(
        [(model, "validation") for model in FROM_SERVER + FROM_CLIENT],
        ref_template="#/components/schemas/{model}",
    )
    schemas: Json = found["$defs"]
    for schema in schemas.values():
        schema["description"] = _markdown(schema["description"])
    return schemas


def _name(model: type[BaseModel]) -> str:
    return model.__name__.lower()


def _prose(model: type[BaseModel]) -> str:
    return _markdown(inspect.getdoc(model) or "")


def _markdown(text: str) -> str:
    return text.replace("``", "`")


def _table(left: str, right: str, rows: dict[Any, str]) -> str:
    lines = [f"| {left} | {right} |", "|---|---|"]
    return "\n".join(lines + [f"| `{key}` | {meaning} |" for key, meaning in rows.items()])


# --- YAML ---------------------------------------------------------------------------------------

_PLAIN_KEY = re.compile(r"(?!(on|no|off|yes|null|true|false)$)[$A-Za-z][\w-]+")


def _lines(value: Any, indent: str) -> Iterator[str]:
    if isinstance(value, dict):
        for key, inner in value.items():
            shown = key if _PLAIN_KEY.fullmatch(key) else json.dumps(key)
            yield from _entry(f"{indent}{shown}:", inner, indent + "  ")
        return
    for inner in value:
        if isinstance(inner, dict) and inner:
            first, *rest = _lines(inner, indent + "  ")
            yield f"{indent}- {first.lstrip()}"
            yield from rest
        else:
            yield from _entry(f"{indent}-", inner, indent + "  ")


def _entry(opening: str, value: Any, indent: str) -> Iterator[str]:
    if isinstance(value, dict | list) and value:
        yield opening
        yield from _lines(value, indent)
    elif isinstance(value, str) and "\n" in value:
        yield f"{opening} |-"
        yield from (f"{indent}{line}".rstrip() for line in value.split("\n"))
    else:
        yield f"{opening} {json.dumps(value, ensure_ascii=False)}"


if __name__ == "__main__":
    sys.stdout.write(render(document()))
