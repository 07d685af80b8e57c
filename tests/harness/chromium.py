"""The browser of this machine, and the CPU time of its tasks."""

import json
import shutil

FLAGS = [
    "--headless",
    # Tests find elements by their English text, whatever the language of the machine is.
    "--lang=en-US",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
TRACED = ["toplevel"]
"""The categories of a trace that ``tasks_ms`` needs."""

# The headless shell is the same engine without the browser, and takes half of the CPU time.
NAMES = (
    "chromium-headless-shell",
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
)


def installed() -> str | None:
    """Return the path of Chromium's headless shell, Chromium or Chrome, if one is installed."""
    return next(filter(None, map(shutil.which, NAMES)), None)


def tasks_ms(trace: bytes) -> list[float]:
    """Return the CPU time of each task of a page; a busy machine does not lengthen it."""
    events = json.loads(trace)["traceEvents"]
    pages = {
        (each["pid"], each["tid"])
        for each in events
        if each["name"] == "thread_name" and each["args"]["name"] == "CrRendererMain"
    }
    return [
        each["tdur"] / 1000
        for each in events
        if each["name"].endswith("RunTask")
        and (each["pid"], each["tid"]) in pages
        and "tdur" in each
    ]
