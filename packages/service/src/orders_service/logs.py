"""Structured log lines on stdout."""

import logging
import sys

import structlog


def configure(level: str, style: str) -> None:
    """Write log lines to stdout: one JSON object each, or text for a console.

    Lines that libraries write through ``logging`` have the same shape, from warnings upwards.
    Tracebacks are plain: structlog's richer ones print local variables, which may hold order data.
    """
    shared: list[structlog.typing.Processor] = [
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    rendering: list[structlog.typing.Processor] = (
        [structlog.processors.format_exc_info, structlog.processors.JSONRenderer()]
        if style == "json"
        else [
            structlog.dev.ConsoleRenderer(
                colors=False, pad_event_to=0, exception_formatter=structlog.dev.plain_traceback
            )
        ]
    )
    threshold = logging.getLevelNamesMapping()[level.upper()]
    structlog.configure(
        processors=[*shared, *rendering],
        wrapper_class=structlog.make_filtering_bound_logger(threshold),
    )
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *rendering],
        )
    )
    logging.basicConfig(handlers=[handler], level=max(threshold, logging.WARNING))
    # psycopg's pool warns of each failed attempt to connect; services log the change of state.
    logging.getLogger("psycopg").setLevel(logging.ERROR)
