"""What a snapshot says about itself: ``manifest.json`` for regulators, ``desk/manifest.json`` without any class."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from publish.places import DESK, REGULATORS

if TYPE_CHECKING:
    from publish.writer import Output
    from records.intake import Delivery, Intake

_COUNTS = ("rows_read", "accepted", "quarantined", "duplicates")
# They may differ between two manifests of the same answers to the same question.
_OF_THE_RUN = (
    "created_at",
    "desk_audit_head",
    "code_version",
    "engine",
    "inputs_digest",
    "desk_manifest_sha256",
    "snapshot",
    "supersedes",
    "changes",
)
_CHANGES = f"{REGULATORS}/changes."


@dataclass(frozen=True)
class Edition:
    """What a snapshot was made from, and as what.

    Attributes:
        as_of: the day asked about.
        created_at: instant of publication; nothing that is counted or graded depends on it.
        policy_version: of the policy used.
        model_version: of the points or the scorecard used.
        code_version: of the code.
        engine: that ran the expressions; the rows are the same on each.
        known_by: deliveries after that day were left out; None for all.
        intake: the deliveries, with warnings and accepted gaps.
        titles: indicator id → its titles, for the reasons.
        divisions: code → name, for what a person reads.
        citations: parameter id → value, source and article in force on ``as_of`` (`policy.cite`).
        desk_audit_head: newest link of the desk's audit trail, witnessed here so that a cut tail shows; no answer
            depends on it, so it is no part of `inputs_digest`. None where there is no desk.
    """

    as_of: date
    created_at: datetime
    policy_version: str
    model_version: str
    code_version: str
    engine: str
    known_by: date | None
    intake: Intake
    titles: Mapping[str, Mapping[str, str]]
    citations: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    divisions: Mapping[str, str] = field(default_factory=dict)
    desk_audit_head: Mapping[str, Any] | None = None

    @property
    def inputs_digest(self) -> str:
        """Names everything that the answers are a function of, and the code; equal digests need no second run.

        The engine is not part of it, nor are warnings about the landing folder.
        """
        named = {
            "as_of": self.as_of.isoformat(),
            "policy_version": self.policy_version,
            "model_version": self.model_version,
            "code_version": self.code_version,
            "known_by": _iso(self.known_by),
            "accepted_gaps": list(self.intake.accepted_gaps),
            "deliveries": [
                [d.path, d.kind, d.sha256, d.landed_on.isoformat(), d.order, _state(d)]
                for d in self.intake.deliveries
            ],
        }
        return hashlib.sha256(_compact(named)).hexdigest()


def manifest(
    edition: Edition,
    *,
    name: str,
    supersedes: str | None,
    outputs: Sequence[Output],
    conservation: Mapping[str, Mapping[str, int]],
    summary: Mapping[str, Any],
    changes: Mapping[str, Any],
    warnings: Iterable[str],
    desk_manifest_sha256: str,
) -> dict[str, Any]:
    """The manifest of contract §3, with what helps to read and to repeat it.

    Args:
        edition: what the snapshot was made from.
        name: of the snapshot's folder.
        supersedes: name of the snapshot that it replaces, or None.
        outputs: its files.
        conservation: per kind ``accepted, current, superseded, withdrawn, unmatched``.
        changes: the snapshot that this one is compared with, what became of it, and alerts (`publish.changes`).
        summary: counts of classes and statuses, in all and per division.
        warnings: those of the engine; the intake's go before them.
        desk_manifest_sha256: of the desk's own manifest.
    """
    return {
        "as_of": edition.as_of.isoformat(),
        "snapshot": name,
        "supersedes": supersedes,
        "created_at": edition.created_at.isoformat(timespec="seconds"),
        "known_by": _iso(edition.known_by),
        "policy_version": edition.policy_version,
        "model_version": edition.model_version,
        "code_version": edition.code_version,
        "engine": edition.engine,
        "inputs_digest": edition.inputs_digest,
        "inputs": [_input(delivery) for delivery in edition.intake.deliveries],
        "conservation": {kind: dict(conservation[kind]) for kind in sorted(conservation)},
        "accepted_gaps": list(edition.intake.accepted_gaps),
        "outputs": [asdict(output) for output in outputs],
        "desk_manifest_sha256": desk_manifest_sha256,
        "summary": dict(summary),
        "changes": dict(changes),
        "indicators": {id_: dict(edition.titles[id_]) for id_ in sorted(edition.titles)},
        "citations": {id_: dict(edition.citations[id_]) for id_ in sorted(edition.citations)},
        "divisions": dict(sorted(edition.divisions.items())),
        "warnings": list(dict.fromkeys([*edition.intake.warnings, *warnings])),
        **({"desk_audit_head": dict(edition.desk_audit_head)} if edition.desk_audit_head is not None else {}),
    }


def desk_manifest(
    edition: Edition,
    *,
    name: str,
    supersedes: str | None,
    outputs: Sequence[Output],
    statuses: Mapping[str, int],
) -> dict[str, Any]:
    """What the desk is told: its own files, and the gaps that a person accepted. It is equal for equal runs."""
    inside = [asdict(output) for output in outputs if output.path.startswith(f"{DESK}/")]
    return {
        "as_of": edition.as_of.isoformat(),
        "snapshot": name,
        "supersedes": supersedes,
        "known_by": _iso(edition.known_by),
        "policy_version": edition.policy_version,
        "code_version": edition.code_version,
        "accepted_gaps": list(edition.intake.accepted_gaps),
        "outputs": [{**output, "path": output["path"].removeprefix(f"{DESK}/")} for output in inside],
        "summary": {"statuses": dict(statuses)},
        "citations": {
            id_: dict(cited) for id_, cited in sorted(edition.citations.items()) if cited.get("for_desk")
        },
    }


def gives_same_answers(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """Whether two manifests describe the same answers from the same inputs, whenever they were landed or made."""
    return _answers(one) == _answers(other)


def as_bytes(value: Mapping[str, Any]) -> bytes:
    """A manifest as it is stored."""
    return (json.dumps(value, ensure_ascii=False, indent=1) + "\n").encode("utf-8")


def _answers(value: Mapping[str, Any]) -> dict[str, Any]:
    kept = {key: part for key, part in value.items() if key not in _OF_THE_RUN}
    # What depends on another snapshot is no answer to the question (promise 2).
    kept["outputs"] = [
        o for o in value.get("outputs", []) if o["reproducible"] and not o["path"].startswith(_CHANGES)
    ]
    kept["inputs"] = [{k: v for k, v in item.items() if k != "landed_on"} for item in value.get("inputs", [])]
    return kept


def _input(delivery: Delivery) -> dict[str, Any]:
    record, state = delivery.record, _state(delivery)
    # What was not taken in counts no row; a header may be data in the wrong place, so headers are only counted.
    is_counted = state in ("read", "duplicate")
    unknown = record.get("unknown_columns") or 0
    return {
        "path": delivery.path,
        "sha256": delivery.sha256,
        "kind": delivery.kind,
        "encoding": record.get("encoding"),
        "layout": record.get("layout"),
        **{count: int(record.get(count) or 0) if is_counted else 0 for count in _COUNTS},
        "newest_event": record.get("newest_event"),
        "landed_on": delivery.landed_on.isoformat(),
        "order": delivery.order,
        "state": state,
        "refused_rule": delivery.refused_rule,
        "unknown_columns": unknown if isinstance(unknown, int) else len(unknown),
    }


def _state(delivery: Delivery) -> str:
    if delivery.is_withdrawn:
        return "withdrawn"
    if delivery.refused_rule is not None:
        return "refused"
    return "duplicate" if delivery.is_duplicate else "read"


def _iso(day: date | None) -> str | None:
    return day.isoformat() if day else None


def _compact(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode("utf-8")
