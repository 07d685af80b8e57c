"""Check that processes say in one sentence what is wrong with PostgreSQL or Redis."""

from collections.abc import Callable

from harness.pipeline import Pipeline, Service, health
from harness.roles import API_ROLE, LISTENER_ROLE
from harness.waiting import until

Settings = Callable[[str], dict[str, str]]
"""Returns the settings of a database for a role."""


def says(service: Service, sentence: str) -> None:
    """Wait until a service's log has the sentence; check for tracebacks and passwords."""
    until(lambda: sentence in service.process.output(), 45, sentence + service.process.output())
    output = service.process.output()
    assert "Traceback" not in output
    assert "orders-test" not in output


def check_database_error(pipeline: Pipeline, sentence: str, settings: Settings) -> None:
    """Check that API and listener, which cannot use a database, say why."""
    listener = pipeline.listener(**settings(LISTENER_ROLE))
    api = pipeline.api_without_database(**settings(API_ROLE))
    for service in (listener, api):
        says(service, sentence)
    assert sentence in health(listener.port)[1]["last_error"]
    until(lambda: sentence in reason(api, "database"), 45, "health names it")


def reason(api: Service, server: str) -> str:
    """Return why a server is down, as the API's health page says."""
    return str(health(api.port, "/api/health")[1].get("checks", {}).get(server, {}).get("reason"))


def check_redis_error(pipeline: Pipeline, redis: str, sentence: str, **settings: str) -> None:
    """Check that API, listener and gateway, which cannot use a Redis, say why."""
    listener = pipeline.listener(REDIS_URL=redis, **settings)
    gateway = pipeline.gateway(REDIS_URL=redis, **settings)
    api = pipeline.api(REDIS_URL=redis, **settings)
    for service in (listener, gateway):
        says(service, sentence)
    assert sentence in health(listener.port)[1]["last_error"]
    assert sentence in reason(api, "redis")
    says(api, sentence)
