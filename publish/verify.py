"""An independent look at a snapshot: are its files those of the manifest, and does everything add up?

Nothing here is shared with the writer but the list of columns. No message tells a class or points.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple

from publish.places import CORES, DESK, DESK_MANIFEST, MANIFEST, PRUNED, SNAPSHOTS
from publish.pruned import KEPT, read_pruned
from publish.tables import CLASS_WORDS, TABLES, TableSpec
from records.errors import UsageError
from records.lake.disk import sha256_of

_COUNTS = ("rows_read", "accepted", "quarantined", "duplicates")
_KEYS = (
    "as_of", "created_at", "policy_version", "model_version", "code_version", "engine", "inputs", "conservation",
    "accepted_gaps", "outputs", "summary", "warnings",
)  # fmt: skip


class Problem(NamedTuple):
    """One thing that does not hold.

    Attributes:
        rule: short id.
        message: one line that names the file or kind.
    """

    rule: str
    message: str


def verify(snapshot: Path, *, does_read_cells: bool = True) -> list[Problem]:
    """Checks a snapshot folder: files, hashes, schemas, order, conservation, sums, no class at the desk.

    Args:
        snapshot: the folder that holds ``manifest.json``.
        does_read_cells: whether each cell of the CSV files is compared with the Parquet files; publication, which
            has just written both from the same rows, leaves it out.

    Returns:
        the problems; an empty list means that the snapshot is good.

    Raises:
        UsageError: ``snapshot_missing`` where there is no such folder.
    """
    if not snapshot.is_dir():
        raise UsageError(f"{snapshot} is no folder", rule="snapshot_missing")
    described, problems = _read_object(snapshot, MANIFEST)
    if described is None:
        return problems
    if missing := [key for key in _KEYS if key not in described]:
        return [Problem("manifest_damaged", f"{MANIFEST} lacks {', '.join(missing)}")]
    try:
        problems = [*_files(snapshot, described), *_arithmetic(described), *_desk(snapshot, described)]
        damaged = {problem.message.split(":")[0] for problem in problems} | _gone(snapshot)
        # A file that is not the one listed has been named already; what it says is of no interest.
        sound = [spec for spec in TABLES if not damaged & {spec.parquet, spec.csv}]
        return problems + _tables(snapshot, described, sound, does_read_cells)
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        return [
            Problem("manifest_damaged", f"{MANIFEST} has an entry of the wrong form ({type(error).__name__})")
        ]


def _read_object(snapshot: Path, name: str) -> tuple[dict[str, Any] | None, list[Problem]]:
    try:
        value = json.loads((snapshot / name).read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None, [Problem("manifest_missing", f"{name}: is missing{_where_snapshots_lie(snapshot)}")]
    except ValueError:
        value = None
    if not isinstance(value, dict):
        return None, [Problem("manifest_damaged", f"{name}: is no JSON object")]
    return value, []


def _where_snapshots_lie(folder: Path) -> str:
    """A hint for whoever named the folder around the snapshots; nothing where it holds none."""
    for place in (folder, folder / SNAPSHOTS):
        if any(place.glob("as_of=*")):
            return f"; {folder} is no snapshot folder: those are {place}/as_of=YYYY-MM-DD"
    return ""


def _files(snapshot: Path, described: Mapping[str, Any]) -> Iterator[Problem]:
    """Every file listed is there with its bytes, and no other file is."""
    listed = {str(output["path"]): output for output in described["outputs"]}
    if len(listed) != len(described["outputs"]):
        yield Problem("manifest_damaged", f"{MANIFEST}: a file is listed twice")
    for spec in TABLES:
        for path in (spec.parquet, spec.csv):
            if path not in listed:
                yield Problem("file_not_listed", f"{path}: is not in the manifest")
    gone = _gone(snapshot)
    with ThreadPoolExecutor(CORES) as pool:
        pruned = {path for path in gone if not (snapshot / path).exists()}  # on the record
        kept = [(path, output) for path, output in listed.items() if path not in pruned]
        for problems in pool.map(lambda one: _difference(snapshot, *one), kept):
            yield from problems
    known = {*listed, MANIFEST, DESK_MANIFEST, *((PRUNED,) if gone else ())}
    for place in sorted(snapshot.rglob("*")):
        path = place.relative_to(snapshot).as_posix()
        if not place.is_dir() and path not in known:
            yield Problem("file_not_listed", f"{path}: is not in the manifest")


def _difference(snapshot: Path, path: str, output: Mapping[str, Any]) -> list[Problem]:
    """In what a listed file is not the one that the manifest says."""
    place = snapshot / path
    if ".." in Path(path).parts or not place.is_file():
        return [Problem("file_missing", f"{path}: is missing")]
    if place.is_symlink():
        return [Problem("file_changed", f"{path}: is a link, so that its bytes may change elsewhere")]
    if place.stat().st_size != output["bytes"]:
        return [Problem("file_changed", f"{path}: has another size than the manifest says")]
    if sha256_of(place) != output["sha256"]:
        return [Problem("file_changed", f"{path}: has other bytes than the manifest says")]
    return []


def _gone(snapshot: Path) -> set[str]:
    """Files that were pruned; what always stays is never among them."""
    pruned = read_pruned(snapshot)
    return set(pruned.files) - set(KEPT) if pruned else set()


def _arithmetic(described: Mapping[str, Any]) -> Iterator[Problem]:
    """Promise 3: rows read = accepted + quarantined + duplicates; accepted = current + superseded + withdrawn."""
    accepted: dict[str, int] = {}
    for item in described["inputs"]:
        read, taken, held, repeated = (int(item[name]) for name in _COUNTS)
        if min(read, taken, held, repeated) < 0 or read != taken + held + repeated:
            yield Problem(
                "conservation_of_file",
                f"{item['path']}: {read} rows read are not {taken} accepted + {held} quarantined"
                f" + {repeated} duplicates",
            )
        accepted[item["kind"]] = accepted.get(item["kind"], 0) + taken
    conservation = described["conservation"]
    for kind in sorted({*accepted, *conservation}):
        if kind not in conservation:
            yield Problem("conservation_of_kind", f"{kind}: nothing says what became of its rows")
            continue
        parts = {name: int(conservation[kind][name]) for name in ("current", "superseded", "withdrawn")}
        total, unmatched = int(conservation[kind]["accepted"]), int(conservation[kind]["unmatched"])
        if total != accepted.get(kind, 0):
            yield Problem(
                "conservation_of_kind",
                f"{kind}: {accepted.get(kind, 0)} rows were accepted from files, {total} were taken on",
            )
        if min(parts.values()) < 0 or total != sum(parts.values()):
            yield Problem(
                "conservation_of_kind",
                f"{kind}: {total} accepted are not "
                + " + ".join(f"{count} {name}" for name, count in parts.items()),
            )
        if not 0 <= unmatched <= parts["current"]:
            yield Problem(
                "conservation_of_kind", f"{kind}: {unmatched} unmatched of {parts['current']} current"
            )


def _desk(snapshot: Path, described: Mapping[str, Any]) -> Iterator[Problem]:
    """Promise 5: the desk's manifest is the one that was written, and no key of it speaks of classes."""
    own, problems = _read_object(snapshot, DESK_MANIFEST)
    yield from problems
    if own is None:
        return
    expected = described.get("desk_manifest_sha256")
    if expected is not None and sha256_of(snapshot / DESK_MANIFEST) != expected:
        yield Problem("file_changed", f"{DESK_MANIFEST}: has other bytes than the manifest says")
    if words := sorted(CLASS_WORDS & set(_keys(own))):
        yield Problem("class_at_desk", f"{DESK_MANIFEST}: speaks of {', '.join(words)}")
    inside = {
        output["path"].removeprefix(f"{DESK}/"): output["sha256"]
        for output in described["outputs"]
        if output["path"].startswith(f"{DESK}/")
    }
    if {output["path"]: output["sha256"] for output in own["outputs"]} != inside:
        yield Problem("manifest_damaged", f"{DESK_MANIFEST}: lists other files than {MANIFEST}")


def _tables(
    snapshot: Path, described: Mapping[str, Any], sound: list[TableSpec], does_read_cells: bool
) -> list[Problem]:
    from publish.verify_tables import check_across, check_table

    rows = {output["path"]: int(output["rows"]) for output in described["outputs"]}
    with ThreadPoolExecutor(CORES) as pool:
        each = pool.map(
            lambda spec: list(check_table(snapshot, spec, rows, does_read_cells=does_read_cells)), sound
        )
        found = [Problem(*problem) for problems in each for problem in problems]
    broken = {problem.message.split(":")[0] for problem in found}
    if len(sound) == len(TABLES) and not broken & {spec.parquet for spec in TABLES}:
        found += [Problem(*problem) for problem in check_across(snapshot, described)]
    return found


def _keys(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for key, part in value.items():
            yield str(key)
            yield from _keys(part)
    elif isinstance(value, list):
        for part in value:
            yield from _keys(part)
