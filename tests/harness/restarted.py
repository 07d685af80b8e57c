"""One of each service, with a Redis. Each may be killed and started again on its port."""

from collections.abc import Iterable

from harness.pipeline import Pipeline, Service, health
from harness.ports import free_port
from harness.processes import LOOPBACK
from harness.readers import Reader

SERVICES = ("api", "gateway", "listener")
ALL = ("redis", *SERVICES)
_PORTS = {"api": "API_PORT", "gateway": "WS_PORT", "listener": "LISTENER_PORT"}


class Restarted:
    """The services of a pipeline by name."""

    def __init__(self, pipeline: Pipeline, **settings: str) -> None:
        """Start nothing yet; every service gets ``settings``."""
        self._pipeline = pipeline
        self._settings = settings
        self._parts: dict[str, Service] = {}
        self.ports = {name: str(free_port()) for name in SERVICES}
        self.api = f"http://{LOOPBACK}:{self.ports['api']}"

    def start(self, names: Iterable[str] = SERVICES) -> None:
        """Start services; a Redis that is started is empty."""
        pipeline = self._pipeline
        make = {
            "api": pipeline.api_without_database,
            "gateway": pipeline.gateway,
            "listener": pipeline.listener,
        }
        for name in names:
            if name == "redis":
                pipeline.valkey.start()
            elif name not in self._parts or not self._parts[name].process.running:
                settings = {_PORTS[name]: self.ports[name], "API_URL": self.api}
                self._parts[name] = make[name](**self._settings, **settings)

    def kill(self, names: Iterable[str]) -> None:
        """Kill parts of the system."""
        for name in names:
            if name == "redis":
                self._pipeline.valkey.stop()
            else:
                self._parts[name].process.kill()

    def well(self) -> bool:
        """Return whether the health pages of all services answer 200."""
        paths = {"api": "/api/health"}
        pages = [health(int(self.ports[n]), paths.get(n, "/health"))[0] for n in SERVICES]
        return pages == [200] * len(SERVICES)

    def output(self) -> dict[str, str]:
        """Return what each service has printed since it was started last."""
        return {name: part.process.output() for name, part in self._parts.items()}

    def reader(self) -> Reader:
        """Return a client that has not connected yet."""
        return Reader([f"ws://{LOOPBACK}:{self.ports['gateway']}/ws"], self.api)
