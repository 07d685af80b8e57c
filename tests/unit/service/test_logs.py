"""Log lines of a service, from its own code and from libraries."""

import json
import subprocess
import sys

_PROGRAM = """
import logging
import structlog
from orders_service import logs

logs.configure("info", {style!r})
structlog.get_logger().info("listener_started", port=8001)
structlog.get_logger().debug("too_detailed")
logging.getLogger("httpx").info("a request")
logging.getLogger("asyncio").warning("slow %s", "callback")
secret = "Ada Lovelace"
try:
    raise ValueError("bad")
except ValueError:
    structlog.get_logger().exception("failed")
"""


def _output(style: str) -> str:
    """Run a program of its own: logging is configured once per process."""
    program = _PROGRAM.format(style=style)
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=30
    )
    assert not done.stderr
    return done.stdout


def test_json_lines_of_service_and_libraries_have_one_shape() -> None:
    """One JSON object per line, with event, level and timestamp; of libraries only warnings."""
    lines = [json.loads(line) for line in _output("json").splitlines()]
    events = [(line["event"], line["level"]) for line in lines]
    assert events == [
        ("listener_started", "info"),
        ("slow callback", "warning"),
        ("failed", "error"),
    ]
    assert all("timestamp" in line for line in lines)
    assert lines[0]["port"] == 8001
    assert "ValueError: bad" in lines[2]["exception"]


def test_tracebacks_show_no_local_variables() -> None:
    """Local variables may hold order data; neither style prints them."""
    for style in ("json", "console"):
        output = _output(style)
        assert "ValueError: bad" in output
        assert "Lovelace" not in output
