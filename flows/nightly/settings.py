"""How Prefect is set up: on this machine only, nothing sent, failures told once and in one line."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path

from records.errors import UsageError

HOST = "127.0.0.1"
PORT = 4200
FLOW = "creditgrade-nightly"
DEPLOYMENT = "nightly"
ZONE_NAME = "Asia/Shanghai"
AT = "02:00"
ENV_RETRY = "CREDITGRADE_RETRY_SECONDS"
# A second attempt may find these gone: a mount that comes back, a lake that another process leaves.
TRANSIENT_RULES = ("file_system", "lake_busy", "landing_missing", "worker_died")
RETRIES = 3
_FIRST_RETRY_SECONDS = 20.0


def first_retry_seconds(environ: Mapping[str, str]) -> float:
    """Seconds before the first repetition of a stage; each further one waits twice as long.

    Raises:
        UsageError: ``bad_option``.
    """
    text = environ.get(ENV_RETRY, "").strip()
    try:
        seconds = float(text) if text else _FIRST_RETRY_SECONDS
    except ValueError:
        seconds = math.nan
    if not 0 <= seconds < math.inf:
        raise UsageError(f"{ENV_RETRY} {text!r} is no number of seconds", rule="bad_option")
    return seconds


def quiet_settings(home: Path) -> dict[str, str]:
    """Settings of Prefect's client; set before Prefect is imported, and what an operator set stays.

    Args:
        home: folder for what Prefect itself keeps.
    """
    return {
        "PREFECT_HOME": str(home),
        "DO_NOT_TRACK": "1",
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "PREFECT_CLOUD_ENABLE_ORCHESTRATION_TELEMETRY": "false",
        # A failure is told once, by the command; Prefect would add its own tracebacks.
        "PREFECT_LOGGING_LEVEL": "CRITICAL",
        "PREFECT_LOGGING_SERVER_LEVEL": "CRITICAL",
        # Libraries that talk at their leisure would otherwise be heard once Prefect has set up its handlers.
        "PREFECT_LOGGING_HANDLERS_CONSOLE_LEVEL": "ERROR",
        "PREFECT_RESULTS_PERSIST_BY_DEFAULT": "false",
        # Without a server of its own, the one that Prefect starts may take long on a small machine.
        "PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS": "120",
    }


def server_settings(home: Path, host: str, port: int) -> dict[str, str]:
    """Settings of a dedicated server: all data under ``home``, no promotion, old runs removed by itself."""
    return {
        **quiet_settings(home),
        "PREFECT_SERVER_API_HOST": host,
        "PREFECT_SERVER_API_PORT": str(port),
        "PREFECT_API_URL": api_url(host, port),
        "PREFECT_SERVER_UI_SHOW_PROMOTIONAL_CONTENT": "false",
        "PREFECT_SERVER_SERVICES_DB_VACUUM_ENABLED": "events,flow_runs",
        "PREFECT_SERVER_SERVICES_DB_VACUUM_RETENTION_PERIOD": str(180 * 86_400),
        "NO_PROXY": ",".join(("127.0.0.1", "localhost", host)),
    }


def api_url(host: str, port: int) -> str:
    """Address of the API of a server."""
    return f"http://{host}:{port}/api"


def page_url(api: str) -> str:
    """Address of the page that shows the deployment's runs."""
    return f"{api.removesuffix('/api')}/runs"
