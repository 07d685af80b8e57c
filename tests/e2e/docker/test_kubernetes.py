"""The pods of the manifests for Kubernetes, run as containers under the same restrictions."""

import os
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from deploy.manifests import kubectl, rendered
from harness.containers import ContainerStack
from harness.pods import Pods
from harness.signing import bearer


def test_pods_work_under_their_restrictions(containers: ContainerStack, tmp_path: Path) -> None:
    """Each pod starts, is ready, and passes on an order; a gateway ends within its grace period."""
    if kubectl() is None:
        pytest.skip("kubectl, which renders the manifests, is not installed")
    keys = tmp_path / "verification-keys.json"
    signing = {"AUTH_SIGNING_KEY_FILE": str(tmp_path / "key.json"), "AUTH_JWKS_FILE": str(keys)}
    command = [sys.executable, "-m", "orders_cli", "token", "--role", "admin"]
    shown = subprocess.check_output(command, env={**os.environ, **signing}, text=True).strip()
    with Pods(rendered("embedded"), containers, keys, tmp_path / "secrets").running() as pods:
        pods.start("db")
        pods.start("redis")
        migrated = pods.start("migrate")
        assert migrated.wait(timeout=60)["StatusCode"] == 0, migrated.logs()
        started = {name: pods.start(name) for name in ("api", "listener", "gateway", "edge")}
        assert all(pods.live(name, container) for name, container in started.items())
        edge = f"http://{pods.address(started['edge'])}:3000"
        order = {"customer_name": "Ada", "product_name": "Desk"}
        with httpx.stream("GET", f"{edge}/sse", headers=bearer(shown), timeout=30) as stream:
            lines = stream.iter_lines()
            assert "hello" in next(line for line in lines if line.startswith("data"))
            answer = httpx.post(f"{edge}/api/orders", json=order, headers=bearer(shown))
            assert answer.status_code == 201
            assert "Desk" in next(line for line in lines if '"events"' in line)
            waiting = started["gateway"].exec_run(["sleep", "0"])
            assert waiting.exit_code == 0, "preStop"
            started["gateway"].stop(timeout=60)
            for _ in lines:
                pass  # the gateway ended the stream, and the edge did
        assert started["gateway"].wait()["StatusCode"] == 0
