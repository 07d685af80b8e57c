"""``frontend/src/lib/contract.ts``: the messages of ``/ws`` as TypeScript, made from the models.

Write the file anew after changing messages; a test compares the two::

    .venv/bin/python -m orders_contract.typescript > frontend/src/lib/contract.ts
"""

import sys
from collections.abc import Iterator
from typing import Any

from pydantic.json_schema import models_json_schema

from orders_contract.asyncapi import FROM_CLIENT, FROM_SERVER
from orders_contract.messages import Operation, ResetReason, Role, Status

Schema = dict[str, Any]

_HEADER = "/* Made by `python -m orders_contract.typescript`; not to be edited by hand. */\n"
_LISTS: dict[str, Any] = {
    "STATUSES": Status,
    "OPERATIONS": Operation,
    "RESET_REASONS": ResetReason,
    "ROLES": Role,
}
_SCALARS: dict[str, str] = {
    "integer": "number",
    "number": "number",
    "string": "string",
    "boolean": "boolean",
}


def render() -> str:
    """Return the file: lists of words, then an interface for each model."""
    _, found = models_json_schema(
        [(model, "validation") for model in FROM_SERVER + FROM_CLIENT], ref_template="{model}"
    )
    lists = [_list(name, words.__args__) for name, words in _LISTS.items()]
    interfaces = ["\n".join(_interface(*item)) + "\n" for item in sorted(found["$defs"].items())]
    return "\n".join([_HEADER, *lists, *interfaces])


def _list(name: str, words: tuple[str, ...]) -> str:
    quoted = ", ".join(f'"{word}"' for word in words)
    return f"export const {name} = [{quoted}] as const;\n"


def _interface(name: str, schema: Schema) -> Iterator[str]:
    yield f"/** {schema['description'].replace('``', '`')} */"
    yield f"export interface {name} {{"
    required = schema.get("required", [])
    for key, value in schema["properties"].items():
        yield f"  {key}{'' if key in required else '?'}: {_type(value)};"
    yield "}"


def _type(schema: Schema) -> str:
    match schema:
        case {"$ref": str(name)}:
            shown = name
        case {"const": constant}:
            shown = f'"{constant}"'
        case {"anyOf": choices}:
            shown = " | ".join(_type(choice) for choice in choices)
        case {"enum": words}:
            shown = _words(words)
        case {"type": "array", "items": items}:
            shown = f"{_type(items)}[]"
        case {"type": "object"}:
            shown = "Record<string, unknown>"
        case {"type": str(kind)}:
            shown = _SCALARS.get(kind, kind)
        case _:
            raise ValueError(schema)
    return shown


def _words(words: list[str]) -> str:
    """Name the list whose words these are, so that they stand in one place."""
    names = [name for name, literal in _LISTS.items() if list(literal.__args__) == words]
    return f"(typeof {names[0]})[number]"


if __name__ == "__main__":
    sys.stdout.write(render())
