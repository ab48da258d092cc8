"""Which model a policy uses: decisions of named persons, kept in ``POLICY/models/``. Nothing promotes itself."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from records.errors import UsageError

if TYPE_CHECKING:
    from policy.learned import Registry, Scorecard, Watched


@dataclass(frozen=True)
class Listed:
    """A model that is registered, or lies in ``OUT/models`` and is not."""

    id: str
    role: str
    path: Path
    trained_as_of: str
    auc: float | None


def policy_folder(folder: Path | None) -> Path:
    """The folder of a policy; ours where none is named.

    Raises:
        UsageError: ``policy_missing``.
    """
    import policy

    place = folder or Path(policy.__file__).parent
    if not place.is_dir():
        raise UsageError(f"policy folder {place} does not exist", rule="policy_missing")
    return place


def listed(folder: Path, out: Path | None) -> list[Listed]:
    """Registered models, and those of ``OUT/models`` that nobody has registered.

    Raises:
        PolicyError: the registry or a registered model is not as it was made.
    """
    from policy.learned import FOLDER, read_model, read_registry, registered

    found = []
    registry = read_registry(folder)
    for entry in registry.models:
        found.append(_line(registered(folder, entry), entry.role, folder / FOLDER / entry.file))
    known = {one.id for one in found}
    for path in sorted((out / FOLDER).glob("scorecard-*.json")) if out is not None else ():
        model = read_model(path)
        if model.id not in known:
            found.append(_line(model, "candidate", path))
    return found


def find_model(name: str, folder: Path, out: Path | None) -> tuple[Scorecard, str]:
    """A model by its id, the beginning of it, or its path; and its role.

    Raises:
        UsageError: ``model_unknown``, ``model_ambiguous``.
    """
    from policy.learned import read_model

    if name.endswith(".json") or os.sep in name:
        if not Path(name).is_file():
            raise UsageError(f"{name} does not exist", rule="model_unknown")
        model = read_model(Path(name))
        roles = {one.id: one.role for one in listed(folder, None)}
        return model, roles.get(model.id, "candidate")
    alike = [one for one in listed(folder, out) if one.id == name] or [
        one for one in listed(folder, out) if one.id.startswith(name)
    ]
    if not alike:
        raise UsageError(
            f"no model {name} is registered in {folder}" + (f" or lies in {out}" if out else ""),
            rule="model_unknown",
        )
    if len(alike) > 1:
        raise UsageError(f"{name} may be {' or '.join(one.id for one in alike)}", rule="model_ambiguous")
    return read_model(alike[0].path), alike[0].role


def decide(
    folder: Path,
    model: Scorecard,
    action: Literal["promote", "challenge", "retire"],
    *,
    by: str,
    reason: str,
    now: datetime,
) -> Registry:
    """Records a decision: promote (champion; the one before retires), challenge (scored beside it), retire.

    Raises:
        UsageError: ``reason_missing``, ``not_registered``, ``no_change``, ``model_unusable``, ``not_writable``.
        PolicyError: the registry cannot be read.
    """
    from policy.learned import FOLDER, Act, Entry, Registry, model_bytes, read_registry
    from records.masking import mask_text

    # It stands in the policy and on the model's card.
    by, reason = (mask_text(" ".join(text.split())) for text in (by, reason))
    if not by or not reason:
        raise UsageError("a decision needs a name (--by) and a reason (--reason)", rule="reason_missing")
    with _locked(folder / FOLDER):
        registry = read_registry(folder)
        entries = {entry.model: entry for entry in registry.models}
        known = entries.get(model.id)
        if action == "retire" and known is None:
            raise UsageError(f"{model.id} is not registered", rule="not_registered")
        role = {"promote": "champion", "challenge": "challenger", "retire": "retired"}[action]
        if known is not None and known.role == role:
            raise UsageError(f"{model.id} is {role} already", rule="no_change")
        if action != "retire":
            _usable(folder, model)
        if action == "promote":
            for one in registry.of("champion"):
                entries[one.model] = one.model_copy(update={"role": "retired"})
        entries[model.id] = Entry.model_validate(
            {"model": model.id, "file": f"{model.id}.json", "sha256": model.sha256, "role": role}
        )
        act = Act(
            at=now.isoformat(timespec="seconds"),
            action=action,
            model=model.id,
            by=by,
            reason=reason,
        )
        after = Registry(models=tuple(entries.values()), acts=(*registry.acts, act))
        _write(folder / FOLDER / f"{model.id}.json", model_bytes(model))
        _write(folder / FOLDER / "registry.yaml", _yaml(after))
    return after


def keep_watched(folder: Path, seen: Watched) -> None:
    """Adds a line to what was watched; nothing is taken away.

    Raises:
        UsageError: ``not_writable``.
    """
    from policy.learned import FOLDER, WATCH

    with _locked(folder / FOLDER):
        path = folder / FOLDER / WATCH
        before = path.read_bytes() if path.exists() else b""
        _write(path, before + (seen.model_dump_json() + "\n").encode())


def _usable(folder: Path, model: Scorecard) -> None:
    """A model that this policy could not score must not be registered: the next night would fail."""
    from policy import PolicyError, load_policy
    from policy.loading import check_model

    try:
        check_model(model, load_policy(folder).scorecard)
    except PolicyError as error:
        raise UsageError(
            f"{model.id} cannot be used with this policy: {error}", rule="model_unusable"
        ) from error


def _line(model: Scorecard, role: str, path: Path) -> Listed:
    return Listed(model.id, role, path, model.trained_as_of.isoformat(), auc_of(model))


def auc_of(model: Scorecard) -> float | None:
    """AUC of its validation, over all windows."""
    part = model.metrics.get("all")
    own = part.get(str(model.candidate["id"])) if isinstance(part, dict) else None
    found = own.get("auc") if isinstance(own, dict) else None
    return float(found) if isinstance(found, int | float) else None


def _yaml(registry: Registry) -> bytes:
    import yaml

    head = "# Written by `creditgrade model promote|retire`; every decision stands under acts.\n"
    text = yaml.safe_dump(registry.model_dump(mode="json"), allow_unicode=True, sort_keys=False, width=120)
    return (head + text).encode()


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    from records.lake.disk import alone_in, clear_disk_errors

    with clear_disk_errors(folder):
        folder.mkdir(exist_ok=True)
    with alone_in(folder):
        yield


def _write(path: Path, content: bytes) -> None:
    """Whole or not at all: a kill leaves what stood before."""
    from records.lake.disk import clear_disk_errors, sync_folder

    with clear_disk_errors(path):
        temporary = path.with_name(f".{path.name}.new")
        with open(temporary, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
        sync_folder(path.parent)
