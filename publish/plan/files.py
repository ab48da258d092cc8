"""The files of a plan, in ``OUT/plans/<snapshot>/plan-<commitment>/``: visits, the draw, its proof, and the workbook.

A snapshot is never changed, and a seed is no input of it: the plan stands beside the snapshots, and names the frame
that it was drawn from by its hash.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import pyarrow as pa

from publish.fields import Meaning
from publish.places import MANIFEST, REGULATORS
from publish.plan.draw import Chance, Rules, Visit, chances, commitment, visits
from publish.plan.roster import Inspector
from publish.tables import TableSpec
from publish.workbook import Column, cover_lines, workbook
from publish.writer import Output, write_table
from records.errors import CreditgradeError, UsageError
from records.lake.disk import sync_folder, write_json

PLANS, COMMITMENTS, ABOUT = "plans", "commitments", "plan.json"
FRAME = f"{REGULATORS}/sampling_plan.parquet"
_T, _TS = pa.string(), pa.list_(pa.field("element", pa.string()))
VISITS = TableSpec(
    "sampling_plan", ".",
    pa.schema([
        ("uscc", _T), ("name", _T), ("division_code", _T), ("risk_class", _T), ("selected_by", _TS), ("tasks", _TS),
        ("authorities", _TS), ("items", _TS), ("inspectors", _TS), ("inspectors_missing", _TS),
        ("inclusion_probability", pa.float64()), ("task_probabilities", _TS), ("random_number", _T),
        ("as_of", pa.date32()),
    ]),
    key=("uscc",),
)  # fmt: skip
DRAWS = TableSpec(
    "sampling_draw", ".",
    pa.schema([
        ("uscc", _T), ("task", _T), ("stratum", _T), ("stratum_size", pa.int64()), ("stratum_draws", pa.int64()),
        ("inclusion_probability", pa.float64()), ("random_number", _T), ("rank", pa.int64()),
        ("is_drawn", pa.bool_()),
    ]),
    key=("uscc", "task"),
)  # fmt: skip
MEANINGS = {
    "selected_by": Meaning("确定方式", "KEY_AREA, DRAW, KEY_ITEMS"),
    "tasks": Meaning("抽查任务", "Tasks of the visit"),
    "authorities": Meaning("检查机关", "Authorities; the first one leads"),
    "items": Meaning("检查事项", "Items"),
    "inspectors": Meaning("执法检查人员", "Who goes"),
    "inspectors_missing": Meaning("人员不足机关", "Authorities with too few inspectors"),
    "inclusion_probability": Meaning("入样概率", "Chance in the general task; 1 where visited in any case"),
    "task_probabilities": Meaning("各任务入样概率", "Chance in each task that drew it"),
    "random_number": Meaning("随机数", "HMAC-SHA256 of the seed"),
}
_NOTES = ("本计划在检查完成并公布种子之前不得外传。", "Not to be passed on before the seed is revealed.")
_WAYS = {"KEY_AREA": "重点领域全覆盖", "DRAW": "随机抽取", "KEY_ITEMS": "重点事项全覆盖"}


@dataclass(frozen=True)
class Made:
    """A plan that stands.

    Attributes:
        path: its folder.
        about: ``plan.json``.
        is_new: False where it stood before.
    """

    path: Path
    about: dict[str, Any]
    is_new: bool


def commit(out: Path, as_of: str, seed: str, now: datetime) -> dict[str, Any]:
    """Puts the commitment to a seed on record, before the draw; the same seed again changes nothing.

    Raises:
        UsageError: ``seed_not_committed`` where another one was committed to for the day.
    """
    standing = _standing(out, as_of, seed)
    if standing is not None:
        return standing
    folder = out / PLANS / COMMITMENTS
    folder.mkdir(parents=True, exist_ok=True)
    (out / PLANS).chmod(0o700)
    told = {
        "as_of": as_of,
        "commitment": commitment(seed, as_of),
        "committed_at": now.isoformat(timespec="seconds"),
        "how": "sha256('creditgrade-plan|<as_of>|<seed>')",
    }
    write_json(folder / f"{as_of}.json", told)
    return told


def plan_folder(out: Path, snapshot: Path, seed: str, as_of: str) -> Path:
    """Where the plan of a snapshot and a seed stands."""
    return out / PLANS / snapshot.name / f"plan-{commitment(seed, as_of)[:12]}"


def _standing(out: Path, as_of: str, seed: str) -> dict[str, Any] | None:
    standing = committed(out, as_of)
    if standing is not None and standing["commitment"] != commitment(seed, as_of):
        raise UsageError(
            f"another seed was committed to for {as_of}: a seed is not chosen twice",
            rule="seed_not_committed",
        )
    return standing


def committed(out: Path, as_of: str) -> dict[str, Any] | None:
    """The commitment of a day; None where there is none."""
    place = out / PLANS / COMMITMENTS / f"{as_of}.json"
    return read_object(place) if place.exists() else None


def make_plan(
    snapshot: Path, out: Path, rules: Rules, roster: Sequence[Inspector], seed: str, now: datetime,
    *, roster_sha256: str | None,
) -> Made:  # fmt: skip
    """Draws the plan of a snapshot and writes its files; a plan that stands is never changed.

    Raises:
        UsageError: ``no_sampling_frame``, ``policy_differs``, ``plan_exists`` where one with another roster stands;
            as `commit`.
        CreditgradeError: ``snapshot_damaged``.
    """
    manifest = read_object(snapshot / MANIFEST)
    as_of = str(manifest["as_of"])
    frame_sha256 = next((o["sha256"] for o in manifest["outputs"] if o["path"] == FRAME), None)
    if frame_sha256 is None:
        raise UsageError(
            f"{snapshot} has no sampling frame: an earlier version made it", rule="no_sampling_frame"
        )
    standing = _standing(out, as_of, seed)
    folder = plan_folder(out, snapshot, seed, as_of)
    asked = {
        "frame_sha256": frame_sha256,
        "commitment": commitment(seed, as_of),
        "roster_sha256": roster_sha256,
    }
    if (folder / ABOUT).exists():
        about = read_object(folder / ABOUT)
        if {key: about[key] for key in asked} != asked:
            raise UsageError(
                f"{folder} holds this plan with another roster: a plan is drawn once", rule="plan_exists"
            )
        return Made(folder, about, is_new=False)
    frame = read_frame(snapshot)
    drawn = chances(frame, rules, seed, as_of)
    told = {row["uscc"]: row["stratum_draws"] for row in frame}
    if any(c.stratum_draws != told[c.uscc] for c in drawn if c.task == rules.tasks[0].id):
        raise UsageError(
            f"the policy {rules.policy_version} draws otherwise than the frame says, which was made by "
            f"{manifest['policy_version']}: --policy DIR of the snapshot, or a run by the new one first",
            rule="policy_differs",
        )
    going = visits(frame, drawn, rules, roster, seed, as_of)
    folder.parent.mkdir(parents=True, exist_ok=True)
    (out / PLANS).chmod(0o700)
    temporary = folder.with_name(f".writing-{folder.name}")
    shutil.rmtree(temporary, ignore_errors=True)
    temporary.mkdir(mode=0o700)
    try:
        outputs = _tables(temporary, frame, drawn, going, rules.tasks[0].id)
        about = {
            "as_of": as_of,
            "snapshot": snapshot.name,
            **asked,
            "was_committed_before": standing is not None,
            "committed_at": (standing or {"committed_at": now.isoformat(timespec="seconds")})["committed_at"],
            "drawn_at": now.isoformat(timespec="seconds"),
            "policy_version": rules.policy_version,
            "inspectors_per_visit": rules.per_visit,
            "tasks": [{"id": t.id, "title": t.title, "items": list(t.items)} for t in rules.tasks],
            "visits": len(going),
            "joint_visits": sum(len(v.authorities) > 1 for v in going),
            "selected_by": {way: sum(way in v.selected_by for v in going) for way in _WAYS},
            "visits_without_inspectors": sum(bool(v.missing) for v in going),
            "strata": _strata(drawn),
            "outputs": [o.__dict__ for o in outputs],
        }
        _workbook(temporary / "sampling_plan.xlsx", frame, going, about, rules, manifest, snapshot)
        (temporary / "PROOF.md").write_text(_proof(about), encoding="utf-8")
        write_json(temporary / ABOUT, about)
        for place in temporary.iterdir():
            place.chmod(0o600)
        os.rename(temporary, folder)
        sync_folder(folder.parent)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
    return Made(folder, about, is_new=True)


def read_frame(snapshot: Path) -> list[dict[str, Any]]:
    """The rows of ``sampling_plan`` of a snapshot."""
    return read_rows(snapshot / FRAME)


def read_rows(place: Path) -> list[dict[str, Any]]:
    """The rows of a Parquet file.

    Raises:
        CreditgradeError: ``snapshot_damaged``.
    """
    import pyarrow.parquet as pq

    try:
        # As a file, not as a data set: the folder's name, as_of=…, must not be read as a column.
        with pq.ParquetFile(place) as file:
            rows: list[dict[str, Any]] = file.read().to_pylist()
            return rows
    except (OSError, pa.ArrowException) as error:
        raise CreditgradeError("cannot be read", rule="snapshot_damaged", file=str(place)) from error


def _tables(
    folder: Path,
    frame: Sequence[Mapping[str, Any]],
    drawn: Sequence[Chance],
    going: Sequence[Visit],
    general_task: str,
) -> list[Output]:
    import pyarrow.parquet as pq

    outputs: list[Output] = []
    made = {VISITS: visit_rows(frame, drawn, going, general_task), DRAWS: draw_rows(drawn)}
    for spec, table in made.items():
        source = folder / f".{spec.name}.parquet"
        pq.write_table(table, source)
        outputs += write_table(spec, source, folder, folder / ".sorting")
        source.unlink()
    shutil.rmtree(folder / ".sorting", ignore_errors=True)
    return [Output(o.path.removeprefix("./"), o.rows, o.bytes, o.sha256) for o in outputs]


def visit_rows(
    frame: Sequence[Mapping[str, Any]], drawn: Sequence[Chance], going: Sequence[Visit], general_task: str
) -> pa.Table:
    """The visits as `VISITS` tells them, in its order."""
    known = {row["uscc"]: row for row in frame}
    general = {c.uscc: c for c in drawn if c.task == general_task}
    rows = []
    for visit in going:
        row = known[visit.uscc]
        chance = general.get(visit.uscc)
        is_certain = row["coverage"] == "full" or "KEY_ITEMS" in visit.selected_by
        rows.append(
            {
                **{name: row[name] for name in ("uscc", "name", "division_code", "risk_class", "as_of")},
                "selected_by": visit.selected_by, "tasks": visit.tasks, "authorities": visit.authorities,
                "items": visit.items, "inspectors": visit.inspectors, "inspectors_missing": visit.missing,
                "inclusion_probability": 1.0 if is_certain else chance.inclusion_probability if chance else None,
                "task_probabilities": visit.chances, "random_number": visit.random_number,
            }
        )  # fmt: skip
    return pa.Table.from_pylist(rows, schema=VISITS.schema)


def draw_rows(drawn: Sequence[Chance]) -> pa.Table:
    """The draw as `DRAWS` tells it, in its order."""
    draws = [{name: getattr(c, name) for name in DRAWS.schema.names} for c in drawn]
    return pa.Table.from_pylist(draws, schema=DRAWS.schema)


def _strata(drawn: Sequence[Chance]) -> list[dict[str, Any]]:
    found = {(c.task, c.stratum): (c.stratum_size, c.stratum_draws) for c in drawn}
    return [
        {"task": task, "stratum": stratum, "size": size, "draws": n}
        for (task, stratum), (size, n) in sorted(found.items())
    ]


def _workbook(
    place: Path, frame: Sequence[Mapping[str, Any]], going: Sequence[Visit], about: Mapping[str, Any], rules: Rules,
    manifest: Mapping[str, Any], snapshot: Path,
) -> None:  # fmt: skip
    titles = {task.id: task.title for task in rules.tasks}
    known = {row["uscc"]: row for row in frame}
    digest = hashlib.sha256((snapshot / MANIFEST).read_bytes()).hexdigest()
    lines = [
        *cover_lines(manifest, digest),
        ("检查户数 visits", f"{about['visits']:,}（联合检查 {about['joint_visits']:,}）"),
        *[(_WAYS[way], f"{n:,}") for way, n in about["selected_by"].items()],
        ("种子承诺 commitment", about["commitment"]),
        ("承诺时间", about["committed_at"]),
        ("抽样框摘要 frame sha256", about["frame_sha256"]),
    ]
    columns = (
        Column("统一社会信用代码", width=22), Column("主体名称", width=34), Column("行政区划代码", width=12),
        Column("风险等级", width=9), Column("确定方式", width=22), Column("抽查任务", width=36),
        Column("检查机关（首位为牵头）", width=36), Column("检查事项", width=48), Column("执法检查人员", width=48),
        Column("人员不足机关", width=20), Column("检查日期（填）", width=14), Column("检查结果（填）", width=30),
    )  # fmt: skip
    with workbook(place) as book:
        book.cover(
            "双随机抽查计划",
            lines,
            _NOTES,
        )
        book.table(
            "检查名单",
            columns,
            (
                (
                    v.uscc, known[v.uscc]["name"], known[v.uscc]["division_code"], known[v.uscc]["risk_class"],
                    [_WAYS[way] for way in v.selected_by], [titles[t] for t in v.tasks], v.authorities, v.items,
                    v.inspectors, v.missing, None, None,
                )
                for v in going
            ),
        )  # fmt: skip
        book.table(
            "各层抽取",
            (Column("抽查任务", width=36), Column("层（区划-等级）", width=18), Column("层内户数", "count"),
             Column("抽取户数", "count"), Column("入样概率", "share")),
            ((titles[s["task"]], s["stratum"], s["size"], s["draws"], s["draws"] / s["size"]) for s in about["strata"]),
        )  # fmt: skip


def _proof(about: Mapping[str, Any]) -> str:
    was_before = about["was_committed_before"]
    when = (
        "在抽取之前已作出 made before the draw"
        if was_before
        else "与抽取同时作出 made with the draw, not before"
    )
    return f"""# 抽取证明 Proof of the draw

- 截至日期 as_of：{about["as_of"]}；快照 snapshot：{about["snapshot"]}
- 抽样框 frame：`regulators/sampling_plan.parquet`，SHA-256 `{about["frame_sha256"]}`
- 种子承诺 commitment：`{about["commitment"]}`，{about["committed_at"]}，
  {when}

## 如何验证 How to repeat it

1. 种子公布后（reveal.json），SHA-256(`creditgrade-plan|{about["as_of"]}|<seed>`) 应当等于上述承诺。
2. 每户随机数 random number = HMAC-SHA256(key = seed, message = `{about["as_of"]}|<uscc>`)，例如：
   `printf '%s' '{about["as_of"]}|<uscc>' | openssl dgst -sha256 -hmac '<seed>'`
3. 在每个任务的每一层（行政区划-等级）内，随机数最小的若干户（stratum_draws）被抽中；见 sampling_draw.parquet。
4. 入样概率 inclusion probability = stratum_draws / stratum_size；推算总体时每户权重为其倒数。
5. 各户按随机数由小到大依次选派检查人员：每个机关 {about["inspectors_per_visit"]} 人，按 HMAC-SHA256(seed,
   `{about["as_of"]}|<uscc>|<执法证号>`) 由小到大，回避者和已满者除外。

或者 or: `creditgrade plan --as-of {about["as_of"]} --out OUT --check`
"""


def read_about(folder: Path) -> dict[str, Any]:
    """``plan.json`` of a plan.

    Raises:
        UsageError: ``no_plan``.
    """
    if not (folder / ABOUT).exists():
        raise UsageError(f"{folder} holds no plan", rule="no_plan")
    return read_object(folder / ABOUT)


def read_object(place: Path) -> dict[str, Any]:
    """The JSON object of a file.

    Raises:
        CreditgradeError: ``snapshot_damaged``.
    """
    try:
        value = json.loads(place.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise CreditgradeError("cannot be read", rule="snapshot_damaged", file=str(place)) from error
    if not isinstance(value, dict):
        raise CreditgradeError("is no JSON object", rule="snapshot_damaged", file=str(place))
    return value
