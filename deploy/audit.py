# ruff: noqa: INP001, T201  run by make as a script
"""Checks the locked dependencies for known vulnerabilities, with pip-audit and npm audit.

    python deploy/audit.py NPM...

Fails only if an advisory source reports one. A source that does not answer is reported and is no
failure, so that the check passes offline.
"""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

_ROOT = Path(__file__).resolve().parent.parent
_TIMEOUT_S = 60
_LOCKS = ("up.txt", "dev.txt")  # these contain the services' dependencies


def main(npm: list[str]) -> int:
    """Run both audits; return 1 if there is a vulnerability."""
    python = [line for name in _LOCKS for line in audit_python(_ROOT / "requirements" / name)]
    found = python + audit_npm(npm)
    for line in found:
        print(line, file=sys.stderr)
    return 1 if found else 0


def audit_python(lock: Path) -> list[str]:
    """Return the known vulnerabilities of the packages in a lock file."""
    command = [sys.executable, "-m", "pip_audit", "--disable-pip", "--require-hashes"]
    command += ["-r", str(lock), "--timeout", "5", "--progress-spinner", "off", "-f", "json"]
    report = _report(command)
    if report is None or "dependencies" not in report:
        print(f"pip-audit: {lock.name}: no advisory source answered")
        return []
    listed = report["dependencies"]
    unknown = sum("skip_reason" in each for each in listed)
    print(f"pip-audit: {lock.name}: looked up {len(listed) - unknown} of {len(listed)} packages")
    return [
        f"pip-audit: {lock.name}: {each['name']} {each['version']}: {flaw['id']}"
        for each in listed
        for flaw in each.get("vulns", [])
    ]


def audit_npm(npm: list[str]) -> list[str]:
    """Return the known vulnerabilities of the dashboard's packages, without development tools."""
    report = _report([*npm, "audit", "--json", "--omit=dev"])
    if report is None or "vulnerabilities" not in report:
        print("npm audit: no advisory source answered")
        return []
    print("npm audit: advisory source answered")
    return [
        f"npm audit: {name}: {flaw['severity']}" for name, flaw in report["vulnerabilities"].items()
    ]


def _report(command: list[str]) -> dict[str, Any] | None:
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=_TIMEOUT_S, check=False
        )
        report: Any = json.loads(done.stdout)
    except (subprocess.TimeoutExpired, OSError, ValueError):
        return None
    return report if isinstance(report, dict) else None


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
