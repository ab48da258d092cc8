"""Two nights of a small city: the first stands, the second is disturbed; what the second gives undisturbed is known."""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from flows.days import ZONE
from tests.integration.law.city import first_delivery, row, write

ROOT = Path(__file__).parents[2]
FIRST = datetime(2026, 6, 29, 2, 0, tzinfo=ZONE)
SECOND = FIRST + timedelta(days=1)
# How often a fault of each kind is tried: a few in the suite, many in `make faults`.
IN_THE_SUITE = 8
TIMES = int(os.environ.get("CREDITGRADE_FAULTS", IN_THE_SUITE))
SEED = int(os.environ.get("CREDITGRADE_FAULTS_SEED", "1"))
# Of ``os``: what a night calls to bring something to the disk.
CALLS = ("fsync", "mkdir", "open", "rename", "replace")


@dataclass
class Zygote:
    """Starts nights in processes of their own, without their imports."""

    process: subprocess.Popen[str]

    def start(self, **night: Any) -> int:
        """Starts a night; its process id."""
        return int(self._ask({"start": night}))

    def wait(self, child: int) -> int:
        """The exit code of a night, negative for a signal."""
        return int(self._ask({"wait": child}))

    def _ask(self, command: dict[str, Any]) -> str:
        assert self.process.stdin is not None and self.process.stdout is not None
        print(json.dumps(command), file=self.process.stdin, flush=True)
        answer = self.process.stdout.readline()
        assert answer, "the zygote has died"
        return answer


@contextmanager
def zygote() -> Iterator[Zygote]:
    """A zygote for as long as the block runs."""
    with subprocess.Popen(
        [sys.executable, "-W", "ignore", "-m", "tests.faults.zygote"],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT,
        env={**os.environ, "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"},
    ) as process:  # fmt: skip
        assert process.stdout is not None and process.stdin is not None
        assert process.stdout.readline() == "ready\n"
        yield Zygote(process)
        process.stdin.close()


@dataclass(frozen=True)
class Known:
    """What is known of the undisturbed nights.

    Attributes:
        folder: holds ``landing``, ``base`` (OUT after the first night) and ``recorded`` (grading of the second).
        first: the first snapshot, as it must stay.
        second: tables of the second snapshot.
        lake: what the second night leaves of the lake.
        desk: what the desk says after it.
        seconds: that a night takes whose grading is replayed.
        calls: how often such a night calls each of `CALLS`.
        killed_in: how many nights were killed in each stage, for the end of the session.
    """

    folder: Path
    zygote: Zygote
    first: dict[str, bytes]
    second: dict[str, bytes]
    lake: dict[str, bytes]
    desk: list[tuple[Any, ...]]
    seconds: float = 0.0
    calls: Mapping[str, int] = field(default_factory=dict)
    killed_in: Counter[str] = field(default_factory=Counter)

    def fresh(self, folder: Path) -> Out:
        """An output folder after the first night."""
        shutil.copytree(self.folder / "base", folder, dirs_exist_ok=True)
        return Out(self, folder)


@dataclass
class Out:
    """An output folder whose second night is to be disturbed."""

    known: Known
    root: Path

    def start(self, **how: Any) -> int:
        """Starts the second night."""
        night = {
            "landing": str(self.known.folder / "landing"),
            "out": str(self.root),
            "now": SECOND.isoformat(),
            "line": str(self._line),
            "replay": str(self.known.folder / "recorded"),
        }
        self._line.unlink(missing_ok=True)
        return self.known.zygote.start(**{**night, **how})

    def night(self, **how: Any) -> tuple[int, str]:
        """The second night, to its end: exit code, and the one line that it told."""
        code = self.known.zygote.wait(self.start(**how))
        return code, self.line()

    def line(self) -> str:
        """What the last night told on failure."""
        return self._line.read_text(encoding="utf-8") if self._line.exists() else ""

    @property
    def _line(self) -> Path:
        """Beside the known nights: the disk of this one may be full."""
        return self.known.folder / f"{'-'.join(self.root.parts[-2:])}.line"

    def kill_after(self, seconds: float, **how: Any) -> int:
        """Kills the second night; its exit code, 0 where it was faster."""
        child = self.start(**how)
        time.sleep(seconds)
        os.kill(child, signal.SIGKILL)
        code = self.known.zygote.wait(child)
        self.count_kill(code)
        return code

    def count_kill(self, code: int) -> None:
        """Keeps in which stage a night ended that was killed."""
        self.known.killed_in[self.stage() if code else "its end: it was faster"] += 1

    def stage(self) -> str:
        """What the last run of the second night was doing, by its log."""
        logs = sorted((self.root / "logs").glob(f"{SECOND.astimezone(UTC):%Y%m%d}*.jsonl"), key=_written_at)
        lines = logs[-1].read_text(encoding="utf-8").splitlines() if logs else []
        if not lines:
            return "start"
        last = json.loads(lines[-1])
        return {"stage_began": "{}", "stage_ended": "after {}"}.get(last["event"], "end").format(
            last["stage"]
        )

    def stands(self) -> None:
        """The last good snapshot is untouched, and what has a name is whole."""
        assert tree(self.root / "snapshots" / "as_of=2026-06-29") == self.known.first
        latest = json.loads((self.root / "latest.json").read_bytes())
        assert latest["as_of"] in ("2026-06-29", "2026-06-30")
        json.loads((self.root / "status.json").read_bytes())
        named = {path.name: path for path in (self.root / "snapshots").glob("as_of=*")}
        assert latest["path"].rpartition("/")[2] in named
        assert set(named) <= {"as_of=2026-06-29", "as_of=2026-06-30"}
        if "as_of=2026-06-30" in named:
            assert tables(named["as_of=2026-06-30"]) == self.known.second

    def ends_well(self, **how: Any) -> None:
        """The next run gives the bytes of the undisturbed night, and leaves nothing of the disturbed one."""
        code, line = self.night(**how)
        assert (code, line) == (0, "")
        self.is_as_known()

    def is_as_known(self) -> None:
        """All is as the undisturbed night left it."""
        self.stands()
        assert json.loads((self.root / "latest.json").read_bytes())["as_of"] == "2026-06-30"
        assert tables(self.root / "snapshots" / "as_of=2026-06-30") == self.known.second
        assert lake(self.root) == self.known.lake
        assert desk(self.root) == self.known.desk
        left = [p for p in self.root.rglob("*") if p.name.startswith((".writing-", ".tmp", "run-"))]
        assert left == []


def prepare(folder: Path, zygote: Zygote) -> Known:
    """Both nights, undisturbed."""
    landing = folder / "landing"
    first_delivery(landing)
    write(landing, "penalties/fresh", [_penalty("general", 8, "2026-06-19")])
    write(
        landing,
        "listings/fresh",
        [row("listings", "model", doc_no="宣列〔2026〕8号", listed_on="2026-06-18")],
    )
    at = {"landing": str(folder / "landing"), "line": str(folder / "line")}
    base, whole = folder / "base", folder / "whole"
    (base / "desk").mkdir(parents=True)
    (base / "desk" / "eligibility.sqlite").touch()  # an empty database: this office has a desk
    assert zygote.wait(zygote.start(**at, out=str(base), now=FIRST.isoformat())) == 0, told(folder)
    write(landing, "penalties/later", [_penalty("young", 9, "2026-06-20")])
    write(
        landing,
        "listings/later",
        [row("listings", "clean", doc_no="宣列〔2026〕9号", listed_on="2026-06-21")],
    )
    shutil.copytree(base, whole)
    recorded = str(folder / "recorded")
    code = zygote.wait(zygote.start(**at, out=str(whole), now=SECOND.isoformat(), record=recorded))
    assert code == 0, told(folder)
    known = Known(
        folder, zygote, tree(base / "snapshots" / "as_of=2026-06-29"),
        tables(whole / "snapshots" / "as_of=2026-06-30"), lake(whole), desk(whole),
    )  # fmt: skip
    known.fresh(folder / "counted").ends_well(count=CALLS, counted=str(folder / "calls"))
    out = known.fresh(folder / "timed")
    began = time.monotonic()
    out.ends_well()
    seconds = time.monotonic() - began
    return replace(known, seconds=seconds, calls=json.loads((folder / "calls").read_bytes()))


def _penalty(whose: str, number: int, decided_on: str) -> dict[str, Any]:
    return row(
        "penalties", whose, doc_no=f"宣市监罚〔2026〕{number}号", decided_on=decided_on, fine_fen="900000"
    )


def told(folder: Path) -> str:
    """Why a night of ``prepare`` failed."""
    return (folder / "line").read_text(encoding="utf-8") if (folder / "line").exists() else ""


def tree(folder: Path) -> dict[str, bytes]:
    """Every file of a folder."""
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def tables(snapshot: Path) -> dict[str, bytes]:
    """The reproducible files of a snapshot."""
    found = {path: data for path, data in tree(snapshot).items() if path.endswith((".parquet", ".csv"))}
    assert found
    return found


def lake(out: Path) -> dict[str, bytes]:
    """All of a lake but the key, which is each lake's own, and what only saves work."""
    return {
        path: data
        for path, data in tree(out / "lake").items()
        if path not in ("id.key", "key.json", "seen-files.json", "lake.lock")
    }


def desk(out: Path) -> list[tuple[Any, ...]]:
    """All that the desk ever said, and which lists it took in."""
    with closing(sqlite3.connect(out / "desk" / "eligibility.sqlite")) as store:
        said = store.execute("SELECT * FROM desk_answers ORDER BY from_seq, uscc").fetchall()
        taken = store.execute(
            "SELECT seq, as_of, snapshot, entities, added, changed, removed FROM desk_loads"
        )
        return said + taken.fetchall()


def _written_at(path: Path) -> int:
    return path.stat().st_mtime_ns


def instants(count: int) -> list[float]:
    """Random instants from the start of a night to a little after its end, as parts of its length."""
    chance = random.Random(SEED)
    return [round(chance.uniform(0, 1.1), 3) for _ in range(count)]
