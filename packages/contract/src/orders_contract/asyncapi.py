"""Keep ``docs/asyncapi.yaml`` in step with the messages. A development tool; needs PyYAML.

The document is written by hand, except for ``components.schemas``, which come from the models.
After a change of the messages, write these schemas again; a test compares them::

    .venv/bin/python -m orders_contract.asyncapi <docs/asyncapi.yaml >new
    mv new docs/asyncapi.yaml
"""

import sys
from typing import Any

import yaml

from orders_contract import json_schema

_HEADER = (
    "# Edit everything here but components.schemas: `python -m orders_contract.asyncapi` writes "
    "these.\n"
)


def refreshed(text: str) -> str:
    """Return the document with the schemas of the models, in the layout that PyYAML gives it."""
    document = yaml.safe_load(text)
    document["components"]["schemas"] = json_schema.schemas("#/components/schemas/{model}")
    return _HEADER + yaml.dump(
        document, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=100
    )


class _Dumper(yaml.SafeDumper):
    """Writes text of several lines as a block, and repeats values instead of naming them."""

    def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002  PyYAML's signature
        return True


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.Node:
    style = "|" if "\n" in text else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Dumper.add_representer(str, _text)


if __name__ == "__main__":
    sys.stdout.write(refreshed(sys.stdin.read()))
