"""What counts as an error that a service did not expect."""

from prove.system import unexpected_errors

_LOG = """\
2026-01-01T00:00:00Z [warning  ] database_unavailable error='connection refused'
2026-01-01T00:00:01Z [error    ] request_failed path=/api/orders
Traceback (most recent call last):
  File "store.py", line 61, in page
    stream, position = await self.reads.one(statement)
                       ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
errors.StatementError: SyntaxError (42601)
2026-01-01T00:00:02Z [info     ] api_stopping
"""


def test_a_traceback_is_an_unexpected_error() -> None:
    """The last line of each traceback is returned; a warning is none."""
    assert unexpected_errors(_LOG) == ["errors.StatementError: SyntaxError (42601)"]
    assert unexpected_errors(_LOG + _LOG) == 2 * ["errors.StatementError: SyntaxError (42601)"]
