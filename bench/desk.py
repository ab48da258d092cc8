"""``python -m bench.desk``: loading, files and single look-ups at the desk, against the figures that it must reach.

The server runs in its own processes; the callers share the same cores with it. They ask in two ways: eight of them one
question after the other, which is all that the desk can do, and at the rate that is promised, at random instants. Each
figure is printed as soon as it is known. On a busy machine the processor seconds mean more than the seconds.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import ExitStack, asynccontextmanager
from datetime import date, timedelta
from functools import partial
from pathlib import Path
from typing import Any

from bench.desk_city import codes, write_snapshot
from bench.measuring import Measured, measure
from bench.postgres import make_databases, own_server

COMMAND = str(Path(sys.executable).with_name("creditgrade"))
FILE_ROWS = 100_000
# What issue and documents promise for 350,000 entities on two quiet cores: (largest or least, figure).
TARGETS = {
    "first_load_s": ("≤", 60.0), "delta_load_s": ("≤", 5.0), "file_of_100_000_s": ("≤", 10.0),
    "per_second": ("≥", 300.0), "p99_ms": ("≤", 50.0),
    "loading_per_second": ("≥", 300.0), "loading_p99_ms": ("≤", 50.0),
}  # fmt: skip
# The rate that is promised, and enough connections that none of them is waited for.
PROMISED_PER_SECOND = 300
CONNECTIONS = 64


class Figures:
    """What was measured; each is printed at once, with its target."""

    def __init__(self) -> None:
        self.found: dict[str, Any] = {}

    def add(self, name: str, value: Any, beside: str = "") -> None:
        """One figure; its name without the database's decides its target."""
        self.found[name] = value
        sign, limit = TARGETS.get(name.removeprefix("postgres_"), ("", 0.0))
        met = ""
        if sign:
            is_met = value <= limit if sign == "≤" else value >= limit
            met = f"{sign} {limit:g} {'met' if is_met else 'NOT met'}"
        print(f"  {name:<32}{value!s:>12}   {met:<16} {beside}".rstrip(), flush=True)

    def command(self, name: str, spent: Measured, digits: int = 1) -> None:
        """Seconds of a command, and beside them what it took of processor and memory."""
        self.found[f"{name}_cpu_s"], self.found[f"{name}_mib"] = round(spent.cpu_s, 1), round(spent.peak_mib)
        self.add(
            f"{name}_s", round(spent.seconds, digits), f"{spent.cpu_s:.1f} CPU s, {spent.peak_mib:,.0f} MiB"
        )


def main() -> None:
    """Measures, prints, and writes ``<folder>/desk.json``."""
    parser = argparse.ArgumentParser(prog="python -m bench.desk")
    parser.add_argument("--entities", type=int, default=350_000)
    parser.add_argument("--folder", type=Path, default=Path("out/bench/desk"))
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--callers", type=int, default=8)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--postgres", action="store_true", help="load into a PostgreSQL of its own, too")
    parser.add_argument(
        "--only-load", action="store_true", help="no questions; for growing numbers of entities"
    )
    options = parser.parse_args()
    print(
        f"desk: {options.entities:,} entities, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}",
        flush=True,
    )
    figures = Figures()
    snapshots = _snapshots(options.folder, options.entities)
    out = options.folder / "out"
    places = ["--runs", str(out)]
    _loads(figures, "", places, snapshots)
    if options.postgres:
        with own_server(is_durable=True) as url:
            make_databases(url, "desk")
            _loads(figures, "postgres_", [*places, "--database", url.format(name="desk")], snapshots)
    if not options.only_load:
        _questions(figures, options, places, snapshots[2:])
    figures.found["entities"] = options.entities
    target = options.folder / "desk.json"
    target.write_text(json.dumps(figures.found, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    print(f"figures: {target}")


def _snapshots(folder: Path, entities: int) -> list[Path]:
    """Four nights, the newest of today; of the later ones a hundredth of the entities changes."""
    from desk.clock import day_of, now

    shutil.rmtree(folder, ignore_errors=True)
    out = folder / "out"
    out.mkdir(parents=True)
    today = day_of(now())
    cited = _citations(today)
    return [
        write_snapshot(out, today - timedelta(days=ago), entities, cited, changed=changed)
        for ago, changed in ((3, 0.0), (2, 0.01), (1, 0.01), (0, 0.01))
    ]


def _citations(on: date) -> dict[str, Any]:
    from policy import citations, load_policy

    return {id_: cited for id_, cited in citations(load_policy(), on).items() if cited["for_desk"]}


def _loads(figures: Figures, name: str, places: Sequence[str], snapshots: Sequence[Path]) -> None:
    """An empty desk's first night, and the next."""
    for what, snapshot in zip(("first_load", "delta_load"), snapshots, strict=False):
        spent = measure([COMMAND, "desk", "load", *places, "--snapshot", str(snapshot)])
        figures.command(name + what, spent)


def _questions(
    figures: Figures, options: argparse.Namespace, places: list[str], nights: Sequence[Path]
) -> None:
    known = codes(options.entities)
    source, target = options.folder / "ids.csv", options.folder / "answers.csv"
    asked = random.Random(1).choices(known.tolist(), k=FILE_ROWS)
    source.write_text("uscc,item\n" + "\n".join(f"{code}," for code in asked), encoding="utf-8")
    wanted = ["--in", str(source), "--out", str(target)]
    figures.command("file_of_100_000", measure([COMMAND, "desk", "check", *wanted, *places]))
    checks = [measure([COMMAND, "desk", "check", str(known[0]), *places]) for _ in range(3)]
    figures.command("one_check", min(checks, key=lambda spent: spent.seconds), 2)
    made = measure([COMMAND, "desk", "token", "add", "bench", "--scope", "ask", "--scope", "search", *places])
    token = made.output.split()[-1]
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    told = ["--port", str(port), "--workers", str(options.workers), "-q"]
    with ExitStack() as stack:
        server = subprocess.Popen([COMMAND, "desk", "serve", *places, *told])
        stack.callback(server.wait)
        stack.callback(server.terminate)
        _wait_for(port)
        some = known[:20_000].tolist()
        as_fast_as_it_goes = partial(_call, port, token, some, options.callers)
        at_the_rate = partial(_arrive, port, token, some)
        asyncio.run(as_fast_as_it_goes(_at_least(2.0)))  # warm
        _told(figures, "", asyncio.run(as_fast_as_it_goes(_at_least(options.seconds))))
        _told(figures, "at_300_", asyncio.run(at_the_rate(_at_least(options.seconds))))
        for name, ask, night in zip(
            ("loading_", "loading_at_300_"), (as_fast_as_it_goes, at_the_rate), nights, strict=True
        ):
            loading = subprocess.Popen([COMMAND, "desk", "load", *places, "--snapshot", str(night), "-q"])
            # All of the load, and nothing but it.
            _told(figures, name, asyncio.run(ask(lambda load=loading: load.poll() is not None)))
            figures.add(f"{name}loaded", loading.wait() == 0)
        for text, milliseconds in _search(port, token).items():
            figures.add(f"search_ms {text}", milliseconds)
    made = measure([COMMAND, "desk", "audit", "verify", *places])
    figures.command("audit_verify", made)
    figures.add("audit", made.output.split(";")[0].strip())


def _told(figures: Figures, name: str, found: dict[str, float]) -> None:
    for what, value in found.items():
        figures.add(name + what, value)


def _wait_for(port: int) -> None:
    for _ in range(240):
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return
        except OSError:
            time.sleep(0.25)
    raise RuntimeError("the server did not start")


def _at_least(seconds: float) -> Callable[[], bool]:
    until = time.perf_counter() + seconds
    return lambda: time.perf_counter() > until


async def _call(
    port: int, token: str, known: list[str], callers: int, is_over: Callable[[], bool]
) -> dict[str, float]:
    """Callers with one question after the other: as many as the desk can answer."""
    spans: list[float] = []
    began = time.perf_counter()

    async def caller(seed: int) -> None:
        chosen = random.Random(seed)
        async with _connection(port, token) as ask:
            while not is_over():
                at = time.perf_counter()
                await ask(chosen.choice(known))
                spans.append(time.perf_counter() - at)

    await asyncio.gather(*(caller(seed) for seed in range(callers)))
    return _figures(spans, time.perf_counter() - began)


async def _arrive(port: int, token: str, known: list[str], is_over: Callable[[], bool]) -> dict[str, float]:
    """Questions that come at random instants, 300 a second, whether or not those before are answered.

    One that waits for a connection has waited since it came.
    """
    spans: list[float] = []
    chosen = random.Random(1)
    waiting: asyncio.Queue[tuple[float, str] | None] = asyncio.Queue()
    began = time.perf_counter()

    async def counter() -> None:
        async with _connection(port, token) as ask:
            while (question := await waiting.get()) is not None:
                at, code = question
                await ask(code)
                spans.append(time.perf_counter() - at)

    async def people() -> None:
        due = began
        while not is_over():
            due += chosen.expovariate(PROMISED_PER_SECOND)
            await asyncio.sleep(max(0.0, due - time.perf_counter()))
            waiting.put_nowait((due, chosen.choice(known)))
        for _ in range(CONNECTIONS):
            waiting.put_nowait(None)

    await asyncio.gather(people(), *(counter() for _ in range(CONNECTIONS)))
    return _figures(spans, time.perf_counter() - began)


@asynccontextmanager
async def _connection(port: int, token: str) -> AsyncIterator[Callable[[str], Awaitable[None]]]:
    """A kept connection; a bare socket costs the least."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)

    async def ask(code: str) -> None:
        lines = (
            f"GET /api/v1/answer?applicant={code} HTTP/1.1",
            "Host: desk",
            f"Authorization: Bearer {token}",
        )
        writer.write("\r\n".join((*lines, "", "")).encode())
        head = await reader.readuntil(b"\r\n\r\n")
        if not head.startswith(b"HTTP/1.1 200"):
            raise RuntimeError(head.decode())
        await reader.readexactly(int(head.lower().split(b"content-length:")[1].split(b"\r\n")[0]))

    yield ask
    writer.close()


def _figures(spans: list[float], seconds: float) -> dict[str, float]:
    spans.sort()
    return {
        "per_second": round(len(spans) / seconds),
        "p50_ms": round(spans[len(spans) // 2] * 1000, 1),
        "p99_ms": round(spans[int(len(spans) * 0.99)] * 1000, 1),
        "worst_ms": round(spans[-1] * 1000, 1),
    }


def _search(port: int, token: str) -> dict[str, float]:
    import urllib.parse
    import urllib.request

    found = {}
    for text in ("宣城", "恒信", "丰源鑫", "913418000001"):
        query = urllib.parse.quote(text)
        request = urllib.request.Request(
            f"http://127.0.0.1:{port}/api/v1/entities?q={query}", headers={"Authorization": f"Bearer {token}"}
        )
        began = time.perf_counter()
        with urllib.request.urlopen(request) as answered:
            answered.read()
        found[text] = round((time.perf_counter() - began) * 1000, 1)
    return found


if __name__ == "__main__":
    main()
