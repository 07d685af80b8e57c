"""Templates for printing, such as the packing slip: rows of ``order_templates``."""

from typing import Annotated, Literal

from fastapi import APIRouter, Request, Response
from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from orders_api.columns import storable
from orders_api.openapi import problems
from orders_api.requests import UNCACHED, Admin, Viewer, parts

MAX_CHARACTERS = 60_000
_READ = "SELECT template FROM order_templates WHERE name = %(name)s"
_KEEP = """
    INSERT INTO order_templates (name, template) VALUES (%(name)s, %(template)s)
    ON CONFLICT (name) DO UPDATE SET template = excluded.template, changed_at = now()
"""
_FORGET = "DELETE FROM order_templates WHERE name = %(name)s"


class Template(BaseModel):
    """A template in HTML with `{{names}}`; null means the dashboard's own template."""

    model_config = ConfigDict(extra="forbid", strict=True)

    template: Annotated[str, Field(max_length=MAX_CHARACTERS), AfterValidator(storable)] | None


Name = Literal["packing-slip"]
router = APIRouter(prefix="/api/templates", dependencies=[UNCACHED])


@router.get("/{name}", responses=problems())
async def get_template(request: Request, _who: Viewer, name: Name) -> Template:
    """Return the template that an admin has stored, or null."""
    row = await parts(request).accounts.one_or_none(_READ, {"name": name})
    return Template(template=None if row is None else row[0])


@router.put("/{name}", status_code=204, responses=problems(413, 415))
async def put_template(request: Request, _who: Admin, name: Name, body: Template) -> Response:
    """Replace the template for everyone; null restores the dashboard's own template."""
    statement = _FORGET if body.template is None else _KEEP
    await parts(request).accounts.run(statement, {"name": name, "template": body.template})
    return Response(status_code=204)
