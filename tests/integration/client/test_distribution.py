"""The package as it would be published."""

import re
import shutil
import subprocess
import sys
import sysconfig
import zipfile
from pathlib import Path

from harness.servers import REPOSITORY

PACKAGE = REPOSITORY / "packages" / "client"


def built(*arguments: str, folder: Path) -> None:
    """Build a distribution into a folder."""
    command = [sys.executable, "-m", "hatchling", "build", *arguments, "-d", str(folder)]
    done = subprocess.run(command, cwd=PACKAGE, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_wheel_works_without_the_repository(tmp_path: Path) -> None:
    """The wheel made from the source distribution needs only what it declares."""
    built("-t", "sdist", folder=tmp_path)
    (source,) = tmp_path.glob("real_time_orders-*.tar.gz")
    shutil.unpack_archive(source, tmp_path, filter="data")
    (unpacked,) = (each for each in tmp_path.iterdir() if each.is_dir())
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)]
    subprocess.run(command, cwd=unpacked, capture_output=True, check=True)
    (wheel,) = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as opened:
        (metadata,) = (each for each in opened.namelist() if each.endswith("/METADATA"))
        text = opened.read(metadata).decode()
        opened.extractall(tmp_path / "site")
    assert set(re.findall(r"^Requires-Dist: (\w+)", text, re.MULTILINE)) == {
        "anyio",
        "httpx",
        "pydantic",
        "websockets",
    }
    assert "## A live table" in text
    # Without the folder's .pth files, which lead to the packages of this repository.
    path = [str(tmp_path / "site"), sysconfig.get_path("purelib")]
    code = (
        f"import sys; sys.path += {path!r}\n"
        "import orders_contract, real_time_orders, real_time_orders.sync\n"
        "print(orders_contract.__file__, real_time_orders.__file__)"
    )
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", code],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.count(str(tmp_path / "site")) == 2
