"""``packages/contract/messages.schema.json``: the JSON Schema of every message of ``/ws``.

Write the file again after a change of the messages; a test compares it with the messages::

    .venv/bin/python -m orders_contract.json_schema > packages/contract/messages.schema.json
"""

import json
import sys
from typing import Any, get_args

from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaMode, models_json_schema

from orders_contract.messages import ClientMessage, ServerMessage

FROM_SERVER: tuple[type[BaseModel], ...] = get_args(get_args(ServerMessage)[0])
FROM_CLIENT: tuple[type[BaseModel], ...] = get_args(get_args(ClientMessage)[0])


class _WithoutTitles(GenerateJsonSchema):
    """Leaves out the titles, which only repeat the names."""

    def field_title_should_be_set(self, schema: Any) -> bool:  # noqa: ARG002  pydantic's signature
        return False


def schemas(ref_template: str) -> dict[str, dict[str, Any]]:
    """Return the schemas of all messages and of the types in them, by name."""
    validation: JsonSchemaMode = "validation"
    models = [(model, validation) for model in FROM_SERVER + FROM_CLIENT]
    _, found = models_json_schema(
        models, ref_template=ref_template, schema_generator=_WithoutTitles
    )
    described: dict[str, dict[str, Any]] = found["$defs"]
    for schema in described.values():
        schema["description"] = schema["description"].replace("``", "`")
        schema.pop("title", None)
    return described


def document() -> str:
    """Return the content of the file."""
    schema = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$defs": schemas("#/$defs/{model}"),
    }
    return json.dumps(schema, indent=2) + "\n"


if __name__ == "__main__":
    sys.stdout.write(document())
