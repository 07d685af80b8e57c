"""Pods of the manifests for Kubernetes as containers, under the same restrictions.

Things that need a cluster are left out: network policies, Services except their names, budgets.
"""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import docker
import httpx
from docker.models.containers import Container
from docker.models.networks import Network

from deploy.manifests import Manifest
from harness.containers import ContainerStack
from harness.waiting import until

Pod = dict[str, Any]


class Pods:
    """Containers for the workloads of an overlay, with Secrets made for them."""

    def __init__(
        self, manifests: list[Manifest], images: ContainerStack, keys: Path, folder: Path
    ) -> None:
        """``images`` has built the images, ``keys`` verify tokens, ``folder`` is for Secrets."""
        self._docker = docker.from_env()
        self._images = images
        self._keys = keys
        self._folder = folder
        self._maps = {
            each["metadata"]["name"]: each["data"]
            for each in manifests
            if each["kind"] == "ConfigMap"
        }
        self._pods: dict[str, Pod] = {
            each["metadata"]["name"]: each["spec"]["template"]["spec"]
            for each in manifests
            if each["kind"] in {"Deployment", "StatefulSet", "Job"}
        }
        self._secrets: dict[tuple[str, str], str] = {}
        self._started: list[Container] = []
        self._network: Network

    @contextmanager
    def running(self) -> Iterator["Pods"]:
        """Create a network; remove it and all containers at the end."""
        self._network = self._docker.networks.create(f"pods-{secrets.token_hex(4)}")
        try:
            yield self
        finally:
            for container in self._started:
                container.remove(force=True, v=True)
            self._network.remove()
            self._docker.close()

    def start(self, name: str) -> Container:
        """Start a pod of a workload, and wait until its readiness probe, if any, passes."""
        pod = self._pods[name]
        (spec,) = pod["containers"]
        built = spec["image"].partition(":")[0].removeprefix("real-time-orders-")
        image = f"{self._images.project}-{built}"
        user, locked = pod["securityContext"], spec["securityContext"]
        command = spec.get("command")
        container = self._docker.containers.create(
            image,
            entrypoint=command[:1] if command else None,
            command=command[1:] if command else None,
            environment=self._environment(spec),
            user=self._user(image) if name == "db" else str(user["runAsUser"]),
            group_add=[str(user["fsGroup"])],
            read_only=locked["readOnlyRootFilesystem"],
            security_opt=["no-new-privileges:true"],
            cap_drop=locked["capabilities"]["drop"],
            cap_add=locked["capabilities"].get("add", []),
            mem_limit=spec["resources"]["limits"]["memory"].removesuffix("i"),
            healthcheck={"test": ["NONE"]},
            volumes=self._volumes(name, pod, spec),
        )
        self._started.append(container)
        self._network.connect(container, aliases=[name])
        container.start()
        if "readinessProbe" in spec:
            until(lambda: self.probe(container, spec["readinessProbe"]), 120, f"{name} is ready")
        return container

    def live(self, name: str, container: Container) -> bool:
        """Return whether a pod passes its liveness probe."""
        (spec,) = self._pods[name]["containers"]
        return self.probe(container, spec["livenessProbe"])

    def probe(self, container: Container, probe: dict[str, Any]) -> bool:
        """Return whether a probe passes, run as the kubelet runs it."""
        container.reload()
        assert container.status == "running", container.logs().decode()
        if "exec" in probe:
            return container.exec_run(probe["exec"]["command"]).exit_code == 0
        ports = container.attrs["Config"]["ExposedPorts"]
        port = next(iter(ports)).partition("/")[0]
        url = f"http://{self.address(container)}:{port}{probe['httpGet']['path']}"
        try:
            return httpx.get(url, timeout=3).is_success
        except httpx.HTTPError:
            return False

    def address(self, container: Container) -> str:
        """Return the address at which this machine reaches a container."""
        container.reload()
        found: str = container.attrs["NetworkSettings"]["Networks"][self._network.name]["IPAddress"]
        return found

    def _user(self, image: str) -> str:
        """Return the number of an image's user postgres, which differs between builds."""
        asked = self._docker.containers.run(
            image, ["-u", "postgres"], entrypoint=["id"], remove=True
        )
        found: str = asked.decode().strip()
        return found

    def _environment(self, spec: dict[str, Any]) -> dict[str, str]:
        found: dict[str, str] = {}
        for source in spec.get("envFrom", []):
            found |= self._maps[source["configMapRef"]["name"]]
        for each in spec.get("env", []):
            secret = each.get("valueFrom", {}).get("secretKeyRef")
            found[each["name"]] = (
                each["value"] if secret is None else self._secret(secret["name"], secret["key"])
            )
        return found

    def _volumes(self, name: str, pod: Pod, spec: dict[str, Any]) -> list[str]:
        """Return the volumes of a container: folders, writable if they are empty at first."""
        volumes = {each["name"]: each for each in pod.get("volumes", [])}
        bound = []
        for mount in spec.get("volumeMounts", []):
            folder = self._folder / name / mount["name"]
            folder.mkdir(parents=True)
            files = self._files(volumes.get(mount["name"], {}), spec)
            for path, text in files.items():
                (folder / path).parent.mkdir(exist_ok=True)
                (folder / path).write_text(text, encoding="utf-8")
            folder.chmod(0o755 if files else 0o777)
            bound.append(f"{folder}:{mount['mountPath']}:{'ro' if files else 'rw'}")
        return bound

    def _files(self, volume: dict[str, Any], spec: dict[str, Any]) -> dict[str, str]:
        if "configMap" in volume:
            return {"verification-keys.json": self._keys.read_text("utf-8")}
        if "secret" in volume:
            # The names of files are the keys of the Secret, which the settings name.
            (mount,) = (each for each in spec["volumeMounts"] if each["name"] == volume["name"])
            settings = [each.get("value", "") for each in spec["env"]]
            keys = [each for each in settings if each.startswith(f"{mount['mountPath']}/")]
            name = volume["secret"]["secretName"]
            return {Path(each).name: self._secret(name, Path(each).name) for each in keys}
        return {
            item["path"]: self._secret(source["secret"]["name"], item["key"])
            for source in volume.get("projected", {}).get("sources", [])
            for item in source["secret"]["items"]
        }

    def _secret(self, name: str, key: str) -> str:
        return self._secrets.setdefault((name, key), secrets.token_hex(32))
