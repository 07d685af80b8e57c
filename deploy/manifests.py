# ruff: noqa: INP001, T201  run by make as a script
"""Render the manifests of ``deploy/kubernetes`` and validate them: ``python deploy/manifests.py``.

kubectl renders. Without it the files are validated as they are, except for patches.
"""

import shutil
import subprocess
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

FOLDER = Path(__file__).parent / "kubernetes"
OVERLAYS = tuple(sorted(each.name for each in (FOLDER / "overlays").iterdir()))
VERSIONS = ("1.35", "1.36", "1.37")

Manifest = dict[str, Any]


def kubectl() -> str | None:
    """Return the program that renders; None if it is not installed."""
    return shutil.which("kubectl")


def rendered(overlay: str) -> list[Manifest]:
    """Return the manifests of an overlay as kubectl renders them; it must be installed."""
    command = [kubectl() or "kubectl", "kustomize", str(FOLDER / "overlays" / overlay)]
    return read(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def unrendered(overlay: str) -> list[Manifest]:
    """Return the manifests of an overlay and the base as they are in their files."""
    folder = FOLDER / "overlays" / overlay
    return [*resources(FOLDER / "base"), *resources(folder)]


def resources(folder: Path) -> Iterator[Manifest]:
    """Yield the manifests that a kustomization lists."""
    for name in yaml.safe_load((folder / "kustomization.yaml").read_text("utf-8"))["resources"]:
        yield from read((folder / name).read_text("utf-8"))


def read(text: str) -> list[Manifest]:
    """Return the documents of a YAML file."""
    return [each for each in yaml.safe_load_all(text) if each is not None]


def faults(manifest: Manifest, version: str) -> str:
    """Return what is wrong with a manifest for a version of Kubernetes; empty if nothing is."""
    import kubernetes_validate  # noqa: PLC0415  takes seconds, and the tests only read manifests

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            kubernetes_validate.validate(manifest, version, strict=True)
    except kubernetes_validate.ValidationError as exc:
        return str(exc)
    return ""


def main() -> int:
    """Validate all overlays and the example of an Ingress; return the exit status."""
    collect = unrendered if kubectl() is None else rendered
    wrong = 0
    for overlay in OVERLAYS:
        manifests = [*collect(overlay), *read((FOLDER / "examples/ingress.yaml").read_text())]
        for version in VERSIONS:
            for each in manifests:
                if fault := faults(each, version):
                    wrong += 1
                    print(
                        f"{overlay}, {version}: {each['kind']} {each['metadata']['name']}: {fault}"
                    )
    how = "without kubectl, so without patches" if collect is unrendered else "rendered by kubectl"
    print(f"manifests for Kubernetes {', '.join(VERSIONS)}: {wrong} faults ({how})")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
