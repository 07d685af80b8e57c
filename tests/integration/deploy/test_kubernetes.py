"""The manifests for Kubernetes: what kubectl renders, and whether it describes this system."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from pydantic_settings import BaseSettings

from deploy.manifests import FOLDER, OVERLAYS, Manifest, kubectl, read, rendered
from orders_api.settings import Settings as ApiSettings
from orders_gateway.server import CLOSING_DEADLINE_S
from orders_gateway.settings import Settings as GatewaySettings
from orders_listener.settings import Settings as ListenerSettings

ROOT = Path(__file__).parents[3]
COMPOSE = yaml.safe_load((ROOT / "docker-compose.yml").read_text("utf-8").replace("!override", ""))
SERVICES: dict[str, tuple[type[BaseSettings], str]] = {
    "api": (ApiSettings, "api_port"),
    "listener": (ListenerSettings, "listener_port"),
    "gateway": (GatewaySettings, "ws_port"),
}
DATABASE = re.compile(r"DB_|DATABASE|PG|POSTGRES")
OLD_FIELDS = {
    *("apiVersion", "kind", "namespace", "bases", "resources"),
    *("configMapGenerator", "patchesStrategicMerge", "images"),
}
"""What a kustomization may contain: the syntax of kubectl 1.20 as well as today's."""


class Rendered:
    """The manifests of one overlay."""

    def __init__(self, manifests: list[Manifest]) -> None:
        self.manifests = manifests
        self.workloads = {
            each["metadata"]["name"]: each
            for each in manifests
            if each["kind"] in {"Deployment", "StatefulSet", "Job"}
        }

    def of_kind(self, kind: str) -> Iterator[Manifest]:
        """Yield the manifests of a kind."""
        return (each for each in self.manifests if each["kind"] == kind)

    def pod(self, name: str) -> dict[str, Any]:
        """Return the pod of a workload."""
        pod: dict[str, Any] = self.workloads[name]["spec"]["template"]["spec"]
        return pod

    def container(self, name: str) -> dict[str, Any]:
        """Return the one container of a workload."""
        (container,) = self.pod(name)["containers"]
        found: dict[str, Any] = container
        return found

    def environment(self, name: str) -> dict[str, str]:
        """Return the variables of a workload; one from a Secret is ``secret NAME``."""
        container = self.container(name)
        maps = {each["metadata"]["name"]: each["data"] for each in self.of_kind("ConfigMap")}
        found: dict[str, str] = {}
        for source in container.get("envFrom", []):
            found |= maps[source["configMapRef"]["name"]]
        for each in container.get("env", []):
            secret = each.get("valueFrom", {}).get("secretKeyRef", {}).get("name")
            found[each["name"]] = each["value"] if secret is None else f"secret {secret}"
        return found

    def secrets(self, name: str) -> set[str]:
        """Return the Secrets that a workload refers to."""
        volumes = self.pod(name).get("volumes", [])
        projected = [
            each for one in volumes for each in one.get("projected", {}).get("sources", [])
        ]
        sources = [each.get("valueFrom", {}) for each in self.container(name).get("env", [])]
        return {
            *(each["secret"]["secretName"] for each in volumes if "secret" in each),
            *(each["secret"]["name"] for each in projected),
            *(each["secretKeyRef"]["name"] for each in sources if "secretKeyRef" in each),
        }

    def ways_out(self, name: str) -> set[int]:
        """Return the ports to which network policies let a workload connect."""
        labels = self.workloads[name]["spec"]["template"]["metadata"]["labels"]
        return {
            port["port"]
            for policy in self.of_kind("NetworkPolicy")
            if _selects(policy["spec"]["podSelector"], labels)
            for rule in policy["spec"].get("egress", [])
            for port in rule["ports"]
        }


def _selects(selector: dict[str, Any], labels: dict[str, str]) -> bool:
    equal = selector.get("matchLabels", {}).items() <= labels.items()
    return equal and all(
        each["operator"] == "In" and labels.get(each["key"]) in each["values"]
        for each in selector.get("matchExpressions", [])
    )


@pytest.fixture(scope="module", params=OVERLAYS)
def overlay(request: pytest.FixtureRequest) -> Rendered:
    """Render an overlay."""
    if kubectl() is None:
        pytest.skip("kubectl, which renders the manifests, is not installed")
    return Rendered(rendered(request.param))


def test_settings_are_accepted(
    overlay: Rendered, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each service starts with the settings of its pod, which .env.example lists, on its port."""
    example = (ROOT / ".env.example").read_text("utf-8")
    listed = set(re.findall(r"^(\w+)=", example, re.MULTILINE))
    for name in listed:
        monkeypatch.delenv(name, raising=False)
    secret = tmp_path / "secret"
    secret.write_text("x" * 40)
    urls = {
        "DATABASE_URL": "postgresql://orders_api:x@db.example/orders",
        "REDIS_URL": "rediss://r",
    }
    for name, (kind, port) in SERVICES.items():
        environment = overlay.environment(name)
        assert environment.keys() <= listed, name
        with monkeypatch.context() as patched:
            for variable, value in environment.items():
                shown = str(secret) if value.startswith("/run/") else value
                patched.setenv(variable, urls[variable] if value.startswith("secret ") else shown)
            settings = kind()
        assert overlay.container(name)["ports"][0]["containerPort"] == getattr(settings, port)
        assert overlay.pod(name)["enableServiceLinks"] is False, "a Service would set API_PORT"


@pytest.mark.parametrize("name", ["api", "listener", "gateway", "edge"])
def test_containers_have_the_same_settings(name: str) -> None:
    """Docker Compose and Kubernetes give a service the same variables, with the same values."""
    if kubectl() is None:
        pytest.skip("kubectl, which renders the manifests, is not installed")
    overlay = Rendered(rendered("embedded"))
    theirs = {name: str(value) for name, value in COMPOSE["services"][name]["environment"].items()}
    fixed = {name: value for name, value in theirs.items() if "$" not in value}
    mine = overlay.environment(name)
    assert mine.keys() <= theirs.keys()
    differ = {each for each in fixed if mine.get(each) != fixed[each]}
    # Here the secret is a Secret of its own, not on the volume of the Redis user.
    assert differ == ({"INTERNAL_SECRET_FILE"} if "INTERNAL_SECRET_FILE" in fixed else set())
    if "MAX_MEMORY_MB" in mine:
        assert mine["MAX_MEMORY_MB"] in theirs["MAX_MEMORY_MB"]
    limit = overlay.container(name)["resources"]["limits"]["memory"]
    assert limit == COMPOSE["services"][name]["mem_limit"].replace("m", "Mi")


def test_gateways_cannot_reach_the_database(overlay: Rendered) -> None:
    """I9: gateway and edge have no credentials of the database, and no way to it."""
    for name in ("gateway", "edge"):
        assert not [each for each in overlay.environment(name) if DATABASE.match(each)]
        assert not [each for each in overlay.secrets(name) if each.startswith("database")]
        assert 5432 not in overlay.ways_out(name)
    assert overlay.ways_out("gateway") >= {8000, 6379}
    assert overlay.ways_out("edge") == {8000, 8080, 53}
    assert 5432 in overlay.ways_out("api") & overlay.ways_out("listener")
    assert overlay.ways_out("migrate") == {5432, 53}
    (closed,) = [
        each
        for each in overlay.of_kind("NetworkPolicy")
        if not each["spec"]["podSelector"] and each["spec"]["policyTypes"] == ["Ingress", "Egress"]
    ]
    assert "ingress" not in closed["spec"] and "egress" not in closed["spec"]  # noqa: PT018


def test_each_service_has_its_own_secrets(overlay: Rendered) -> None:
    """A service refers to the Secrets of its own role and user only; manifests have no values."""
    assert overlay.secrets("api") == {"database-api", "redis-api", "internal", "company-login"}
    assert overlay.secrets("listener") == {"database-listener", "redis-listener"}
    assert overlay.secrets("gateway") == {"redis-gateway", "internal"}
    assert overlay.secrets("edge") == set()
    assert overlay.secrets("migrate") == {"database-owner"}
    assert not list(overlay.of_kind("Secret"))


def test_pods_are_restricted(overlay: Rendered) -> None:
    """Every pod is within the restricted profile of Kubernetes, on a read-only root file system."""
    for name in overlay.workloads:
        pod, container = overlay.pod(name), overlay.container(name)
        assert pod["securityContext"]["runAsNonRoot"] is True
        assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
        assert pod["automountServiceAccountToken"] is False
        locked = container["securityContext"]
        assert locked["allowPrivilegeEscalation"] is False
        assert locked["readOnlyRootFilesystem"] is True
        assert locked["capabilities"]["drop"] == ["ALL"]
        added = locked["capabilities"].get("add", [])
        assert added == (["NET_BIND_SERVICE"] if name == "edge" else [])
        assert {*container["resources"]["requests"]} == {"cpu", "memory"}
        assert container["resources"]["limits"]["memory"]


def test_there_is_time_to_drain(overlay: Rendered) -> None:
    """A gateway moves its clients before it is killed; each service stops after it left DNS."""
    environment, pod = overlay.environment("gateway"), overlay.pod("gateway")
    waits = overlay.container("gateway")["lifecycle"]["preStop"]["exec"]["command"]
    needed_s = int(waits[1]) + float(environment["DRAIN_S"]) + CLOSING_DEADLINE_S
    assert pod["terminationGracePeriodSeconds"] > needed_s
    for name in ("api", "edge"):
        waits = overlay.container(name)["lifecycle"]["preStop"]["exec"]["command"]
        assert overlay.pod(name)["terminationGracePeriodSeconds"] > int(waits[1]) + 10


def test_probes_mean_something(overlay: Rendered) -> None:
    """A pod is ready if it can do its work; it is restarted only if the process does not answer."""
    for name, workload in overlay.workloads.items():
        if workload["kind"] != "Job":
            container = overlay.container(name)
            assert {"readinessProbe", "livenessProbe"} <= container.keys(), name
    for name in ("listener", "gateway"):
        assert overlay.container(name)["readinessProbe"]["httpGet"]["path"] == "/health"
        assert overlay.container(name)["livenessProbe"]["httpGet"]["path"] == "/metrics"


def test_deployments_survive_disruptions(overlay: Rendered) -> None:
    """Two or more of each, spread over nodes and zones, of which one at a time may be evicted."""
    budgets = {
        each["spec"]["selector"]["matchLabels"]["app"]: each["spec"]
        for each in overlay.of_kind("PodDisruptionBudget")
    }
    (scaler,) = overlay.of_kind("HorizontalPodAutoscaler")
    for name in ("api", "listener", "gateway", "edge"):
        replicas = overlay.workloads[name]["spec"].get("replicas", scaler["spec"]["minReplicas"])
        assert replicas >= 2
        assert budgets[name]["maxUnavailable"] == 1
        keys = {each["topologyKey"] for each in overlay.pod(name)["topologySpreadConstraints"]}
        assert keys == {"kubernetes.io/hostname", "topology.kubernetes.io/zone"}
    metric = scaler["spec"]["metrics"][0]["pods"]["metric"]["name"]
    assert f"`{metric}`" in (ROOT / "docs/operations.md").read_text("utf-8")
    assert metric in (FOLDER / "examples/prometheus-adapter.yaml").read_text("utf-8")


def test_images_are_those_of_the_project(overlay: Rendered) -> None:
    """Images have the names that Docker Compose builds, in the version of the project."""
    version = re.findall(
        r"^ARG VERSION=(.*)$", (ROOT / "services/Dockerfile").read_text(), re.MULTILINE
    )
    for name in overlay.workloads:
        built = "db" if name == "migrate" else name
        assert built in COMPOSE["services"]
        image = f"{COMPOSE['name']}-{built}:{version[0]}"
        assert overlay.container(name)["image"] == image


def test_every_reference_leads_somewhere(overlay: Rendered) -> None:
    """Volumes, Services and ports that manifests refer to exist, with labels that select pods."""
    labels = {
        name: each["spec"]["template"]["metadata"]["labels"]
        for name, each in overlay.workloads.items()
    }
    for name in overlay.workloads:
        mounts = {each["name"] for each in overlay.container(name).get("volumeMounts", [])}
        volumes = {each["name"] for each in overlay.pod(name).get("volumes", [])}
        claims = overlay.workloads[name]["spec"].get("volumeClaimTemplates", [])
        assert mounts == volumes | {each["metadata"]["name"] for each in claims}, name
    for service in overlay.of_kind("Service"):
        name = service["metadata"]["name"]
        assert service["spec"]["selector"] == labels[name]
        ports = {each["name"] for each in overlay.container(name)["ports"]}
        assert {each["targetPort"] for each in service["spec"]["ports"]} <= ports


def test_kustomizations_use_fields_of_old_and_new() -> None:
    """Old and new kubectl understand each kustomization; files and users in it exist."""
    for file in FOLDER.rglob("kustomization.yaml"):
        content = yaml.safe_load(file.read_text("utf-8"))
        assert content.keys() <= OLD_FIELDS, file
        for field in ("bases", "resources", "patchesStrategicMerge"):
            assert all((file.parent / each).exists() for each in content.get(field, []))
    users = re.findall(r"^user (\w+)", (ROOT / "deploy/redis/users.acl").read_text(), re.MULTILINE)
    manifests = "".join(each.read_text("utf-8") for each in (FOLDER / "base").glob("*.yaml"))
    assert set(re.findall(r"redis://(\w+)@", manifests)) <= set(users)
    for example in (FOLDER / "examples").glob("*.yaml"):
        assert read(example.read_text("utf-8"))


def test_the_script_makes_the_secrets() -> None:
    """secrets.sh makes exactly the Secrets, with the keys, that the overlay refers to."""
    if kubectl() is None:
        pytest.skip("kubectl, which renders the manifests, is not installed")
    overlay = Rendered(rendered("embedded"))
    script = (FOLDER / "secrets.sh").read_text("utf-8")
    roles = re.findall(r"for role in (.*); do", script)[0].split()
    users = re.findall(r"for user in (.*); do", script)[0].split()
    made = {*(f"database-{each}" for each in roles), *(f"redis-{each}" for each in users)}
    referred = {each for name in overlay.workloads for each in overlay.secrets(name)}
    # That of the company login is optional, and its content is the company's.
    assert made | {"internal", "company-login"} == referred
