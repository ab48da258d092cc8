"""Where Spark runs, as an operator writes it, and whether anything answers there."""

from __future__ import annotations

import re
import socket
from contextlib import suppress

from records.errors import UsageError

SETTING = "CREDITGRADE_SPARK_MASTER"
CONNECT = "sc://"
STANDALONE = "spark://"
_CONNECT_PORT = 15002
_ANSWERS_IN_SECONDS = 5.0
_PLACE = r"(?:\[[0-9a-fA-F:.]+\]|[\w.-]+)"
_PORT = r":\d{1,5}"
_FORMS = (
    r"local(?:\[(?:\*|[1-9]\d*)(?:,[1-9]\d*)?\])?",
    r"local-cluster\[\d+,\d+,\d+\]",
    rf"spark://{_PLACE}{_PORT}(?:,{_PLACE}{_PORT})*",
    r"yarn",
    r"k8s://\S+",
    rf"sc://{_PLACE}(?:{_PORT})?/?(?:;\S*)?",
)
_MASTER = re.compile("|".join(_FORMS))
_ADDRESS = re.compile(rf"({_PLACE})({_PORT})?(?=,|/|;|$)")


def read_master(text: str) -> str:
    """A master as Spark takes it; nothing is asked of it.

    Raises:
        UsageError: ``bad_option``.
    """
    master = text.strip()
    if _MASTER.fullmatch(master) is None or any(not 0 < port < 1 << 16 for _, port in addresses(master)):
        raise UsageError(
            f"{SETTING} {shown(text)!r} is none of local[N], spark://HOST:PORT, yarn, k8s://URL, sc://HOST:PORT",
            rule="bad_option",
        )
    return master


def shown(master: str) -> str:
    """The address without what may follow it: a Connect URL carries its token there."""
    return master.partition(";")[0].rstrip("/")


def addresses(master: str) -> list[tuple[str, int]]:
    """Hosts and ports of a standalone master (with those that stand by) or a Connect server; else none."""
    scheme, _, rest = master.partition("://")
    if f"{scheme}://" not in (CONNECT, STANDALONE):
        return []
    return [
        (host.strip("[]"), int(port[1:]) if port else _CONNECT_PORT)
        for host, port in _ADDRESS.findall(shown(rest))
    ]


def require_answer(master: str) -> None:
    """Finds out in seconds, before any work, what Spark itself would try for minutes.

    Raises:
        UsageError: ``engine_unreachable``: no connection to any of the addresses.
    """
    said: list[str] = []
    for host, port in addresses(master):
        try:
            with suppress(TimeoutError), socket.create_connection((host, port), _ANSWERS_IN_SECONDS):
                return
            said.append(f"{host}:{port}: no answer in {_ANSWERS_IN_SECONDS:g} s")
        except OSError as error:
            said.append(f"{host}:{port}: {error.strerror or error}")
    if said:
        raise UsageError(
            f"--engine spark: nothing answers at {shown(master)} ({'; '.join(said)})",
            rule="engine_unreachable",
        )
