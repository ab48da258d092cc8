"""``python -m bench.desk``: loading, files and single look-ups at the desk, against the figures that it must reach.

The server runs in its own processes; the callers share the same cores with it, as the figure says.
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
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from bench.desk_city import codes, write_snapshot
from bench.measuring import measure

COMMAND = str(Path(sys.executable).with_name("creditgrade"))


def main() -> None:
    """Measures, prints, and writes ``<folder>/desk.json``."""
    parser = argparse.ArgumentParser(prog="python -m bench.desk")
    parser.add_argument("--entities", type=int, default=350_000)
    parser.add_argument("--folder", type=Path, default=Path("out/bench/desk"))
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--callers", type=int, default=8)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--database", help="postgresql://… instead of SQLite")
    options = parser.parse_args()
    shutil.rmtree(options.folder, ignore_errors=True)
    out = options.folder / "out"
    out.mkdir(parents=True)
    today = date.today()
    places = ["--runs", str(out), *(["--database", options.database] if options.database else [])]
    cited = _citations(today)
    first = write_snapshot(out, today - timedelta(days=2), options.entities, cited)
    second = write_snapshot(out, today - timedelta(days=1), options.entities, cited, changed=0.01)
    third = write_snapshot(out, today, options.entities, cited, changed=0.01)
    figures: dict[str, Any] = {"entities": options.entities, "cores": os.cpu_count()}
    made = measure([COMMAND, "desk", "load", *places, "--snapshot", str(first)])
    figures["first_load_s"], figures["first_load_mib"] = round(made.seconds, 1), round(made.peak_mib)
    made = measure([COMMAND, "desk", "load", *places, "--snapshot", str(second)])
    figures["delta_load_s"], figures["delta"] = round(made.seconds, 1), made.output.strip()
    figures["file_of_100_000_s"] = _file(options.folder, places, options.entities)
    figures["one_check_s"] = min(
        round(measure([COMMAND, "desk", "check", str(codes(1)[0]), *places]).seconds, 2) for _ in range(3)
    )
    token = measure(
        [COMMAND, "desk", "token", "add", "bench", "--scope", "ask", "--scope", "search", *places]
    ).output.split()[-1]
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    server = subprocess.Popen(
        [COMMAND, "desk", "serve", *places, "--port", str(port), "--workers", str(options.workers), "-q"]
    )
    try:
        _wait_for(port)
        asyncio.run(_call(port, token, options, 2.0))  # warm
        figures["look_ups"] = asyncio.run(_call(port, token, options, options.seconds))
        loading = subprocess.Popen([COMMAND, "desk", "load", *places, "--snapshot", str(third), "-q"])
        figures["look_ups_while_loading"] = asyncio.run(_call(port, token, options, options.seconds))
        figures["loaded_meanwhile"] = loading.wait() == 0
        figures["search_ms"] = _search(port, token)
    finally:
        server.terminate()
        server.wait()
    made = measure([COMMAND, "desk", "audit", "verify", *places])
    figures["audit_verify_s"], figures["audit"] = round(made.seconds, 1), made.output.split(";")[0]
    print(json.dumps(figures, ensure_ascii=False, indent=1))
    (options.folder / "desk.json").write_text(json.dumps(figures, ensure_ascii=False, indent=1) + "\n")


def _citations(on: date) -> dict[str, Any]:
    from policy import citations, load_policy

    return {id_: cited for id_, cited in citations(load_policy(), on).items() if cited["for_desk"]}


def _file(folder: Path, places: list[str], entities: int) -> float:
    known = codes(entities)
    source = folder / "ids.csv"
    source.write_text(
        "uscc,item\n" + "\n".join(f"{code}," for code in random.Random(1).choices(known, k=100_000))
    )
    return round(
        measure(
            [COMMAND, "desk", "check", "--in", str(source), "--out", str(folder / "answers.csv"), *places]
        ).seconds,
        1,
    )


def _wait_for(port: int) -> None:
    for _ in range(240):
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return
        except OSError:
            time.sleep(0.25)
    raise RuntimeError("the server did not start")


async def _call(port: int, token: str, options: argparse.Namespace, seconds: float) -> dict[str, float]:
    """Callers on kept connections, each with one question after the other; a bare socket costs the least."""
    known = codes(min(options.entities, 20_000))
    until = time.perf_counter() + seconds
    spans: list[float] = []

    async def caller(seed: int) -> None:
        chosen = random.Random(seed)
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        while time.perf_counter() < until:
            code = chosen.choice(known)
            began = time.perf_counter()
            lines = (
                f"GET /api/v1/answer?applicant={code} HTTP/1.1",
                "Host: desk",
                f"Authorization: Bearer {token}",
            )
            writer.write("\r\n".join((*lines, "", "")).encode())
            head = await reader.readuntil(b"\r\n\r\n")
            if not head.startswith(b"HTTP/1.1 200"):
                raise RuntimeError(head.decode())
            length = int(head.lower().split(b"content-length:")[1].split(b"\r\n")[0])
            await reader.readexactly(length)
            spans.append(time.perf_counter() - began)
        writer.close()

    await asyncio.gather(*(caller(seed) for seed in range(options.callers)))
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
