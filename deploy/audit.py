# ruff: noqa: INP001, T201  a script that make runs
"""Asks whether what is installed has known vulnerabilities: pip-audit, npm audit.

    python deploy/audit.py NPM...

Fails only if an advisory source knows one. That none answered, here or for some packages, is said
and is no failure: offline there is nobody to ask.
"""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

_ROOT = Path(__file__).resolve().parent.parent
_PATIENCE_S = 60
_LOCKS = ("up.txt", "dev.txt")  # the services' are in them


def main(npm: list[str]) -> int:
    """Ask both; returns 1 if there is a vulnerability."""
    python = [line for name in _LOCKS for line in audit_python(_ROOT / "requirements" / name)]
    found = python + audit_npm(npm)
    for line in found:
        print(line, file=sys.stderr)
    return 1 if found else 0


def audit_python(lock: Path) -> list[str]:
    """Return the vulnerabilities of what a lockfile names."""
    command = [sys.executable, "-m", "pip_audit", "--disable-pip", "--require-hashes"]
    command += ["-r", str(lock), "--timeout", "5", "--progress-spinner", "off", "-f", "json"]
    report = _asked(command)
    if report is None or "dependencies" not in report:
        print(f"pip-audit: {lock.name}: no advisory source answered")
        return []
    listed = report["dependencies"]
    unknown = sum("skip_reason" in each for each in listed)
    told = f"; nobody knew of {unknown}" if unknown else ""
    print(
        f"pip-audit: {lock.name}: {len(listed) - unknown} of {len(listed)} packages looked up{told}"
    )
    return [
        f"pip-audit: {lock.name}: {each['name']} {each['version']}: {flaw['id']}"
        for each in listed
        for flaw in each.get("vulns", [])
    ]


def audit_npm(npm: list[str]) -> list[str]:
    """Return the vulnerabilities of the dashboard's packages, but for tools of development."""
    report = _asked([*npm, "audit", "--json", "--omit=dev"])
    if report is None or "vulnerabilities" not in report:
        print("npm audit: no advisory source answered")
        return []
    print("npm audit: asked")
    return [
        f"npm audit: {name}: {flaw['severity']}" for name, flaw in report["vulnerabilities"].items()
    ]


def _asked(command: list[str]) -> dict[str, Any] | None:
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=_PATIENCE_S, check=False
        )
        report: Any = json.loads(done.stdout)
    except (subprocess.TimeoutExpired, OSError, ValueError):
        return None
    return report if isinstance(report, dict) else None


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
