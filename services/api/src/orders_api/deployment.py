"""What admins see of the deployment: its settings, without secrets, and the extent of the log."""

from orders_api.database import Database
from orders_api.settings import Settings
from orders_api.settings_models import LogExtent, Setting
from orders_service.redis_servers import Kind

_KINDS = {Kind.SERVER: "one server", Kind.SENTINEL: "Sentinel", Kind.CLUSTER: "cluster"}
_LOG = """
    SELECT (SELECT coalesce(max(position) - min(position) + 1, 0) FROM order_events),
           (SELECT changed_at FROM order_events ORDER BY position LIMIT 1)
"""


def shown(settings: Settings) -> list[Setting]:
    """Return the settings, without passwords, keys, and addresses that contain passwords."""
    redis = settings.redis_servers()
    tls = ", TLS" if redis.options.get("ssl") else ""
    access: dict[str, object] = {"AUTH_MODE": settings.auth_mode}
    if not settings.is_open:
        access |= {
            "AUTH_ALGORITHM": settings.algorithm,
            "AUTH_ISSUER": settings.auth_issuer,
            "AUTH_AUDIENCE": settings.auth_audience,
            "AUTH_JWKS_URL": settings.auth_jwks_url and settings.auth_jwks_url.host,
            "AUTH_LEEWAY_S": f"{settings.auth_leeway_s:g} s",
            "SESSION_IDLE_S": _span(settings.session_idle_s),
            "SESSION_MAX_S": _span(settings.session_max_s),
            "AUDIT_READS": "yes" if settings.audit_reads else "no",
            "CUSTOMER_COLUMN": settings.customer_column,
        }
    company: dict[str, object] = {
        "OIDC_ISSUER": settings.oidc_issuer,
        "OIDC_CLIENT_ID": settings.oidc_client_id,
        "OIDC_NAME_CLAIM": settings.oidc_name_claim,
        "OIDC_SCOPES": settings.oidc_scopes,
        "OIDC_ALGORITHM": settings.oidc_algorithm,
        "OIDC_GRACE_S": _span(settings.oidc_grace_s),
    }
    groups: dict[str, dict[str, object]] = {
        "Access": access,
        "Company login": company if settings.company else {},
        "Addresses": {
            "PUBLIC_URL": settings.public_url,
            "PUBLISHED_ADDRESS": settings.published_address,
            "ALLOWED_ORIGINS": settings.allowed_origins,
        },
        "Servers": {
            "REDIS_URL": f"{_KINDS[redis.kind]}{tls}: "
            + " ".join(f"{host}:{port}" for host, port in redis.hosts),
            "REDIS_PREFIX": settings.redis_prefix,
            "API_WORKERS": settings.api_workers,
            "DB_POOL_CONNECTIONS": settings.db_pool_connections,
            "DB_WRITE_CONNECTIONS": settings.db_write_connections,
        },
        "Limits": {}
        if settings.is_open
        else {
            "REQUESTS_PER_SECOND": f"{settings.requests_per_second:g}",
            "REQUESTS_BURST": settings.requests_burst,
            "CONNECTIONS_PER_ADDRESS": settings.connections_per_address,
            "CONNECTIONS_PER_SUBJECT": settings.connections_per_subject,
        },
        "Growth": {
            "RETENTION": settings.retention or "everything is kept",
            "OUTBOX_WARN_MB": f"{settings.outbox_warn_mb:,} MB",
            "LOG_WARN_MB": f"{settings.log_warn_mb:,} MB",
            "TRANSACTION_WARN_S": _span(settings.transaction_warn_s),
        },
    }
    return [
        Setting(group=group, name=name, value=str(value))
        for group, values in groups.items()
        for name, value in values.items()
        if value not in (None, "")
    ]


def _span(seconds: int) -> str:
    """Return a duration as text, in the largest unit that gives a whole number."""
    for unit, name in ((86_400, "d"), (3600, "h"), (60, "min")):
        if seconds % unit == 0:
            return f"{seconds // unit} {name}"
    return f"{seconds} s"


async def log_extent(database: Database) -> LogExtent:
    """Return the number of events in the log and the time of the oldest, None for an empty log."""
    events, oldest = await database.one(_LOG, {})
    return LogExtent(events=events, oldest=oldest)
