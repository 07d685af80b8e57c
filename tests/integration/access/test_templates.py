"""Templates of what is printed: everyone reads them, an unrestricted admin replaces them."""

from harness.answers import ok, problem
from harness.guarded import Guarded
from harness.signing import token

PATH = "/api/templates/packing-slip"


def test_an_admin_replaces_a_template(guarded: Guarded) -> None:
    """A template is the owner's: kept as it is, for everyone, until it is taken back."""
    with guarded.client(token("admin")) as admin, guarded.client(token("viewer")) as viewer:
        assert ok(viewer.get(PATH)) == {"template": None}
        assert admin.put(PATH, json={"template": "<p>{{customer}} ü</p>"}).status_code == 204
        assert ok(viewer.get(PATH)) == {"template": "<p>{{customer}} ü</p>"}
        problem(viewer.put(PATH, json={"template": None}), 403)
        problem(admin.put(PATH, json={"template": "x" * 60_001}), 422, "template")
        problem(admin.put(PATH, json={"template": "\0"}), 422, "template")
        problem(admin.get("/api/templates/other"), 422)
        assert admin.put(PATH, json={"template": None}).status_code == 204
        assert ok(viewer.get(PATH)) == {"template": None}
    with guarded.client(token("admin", rows={"customer_name": ["Ann"]})) as restricted:
        problem(restricted.put(PATH, json={"template": None}), 403)
