"""From the rows of one entity and the manifest to its story."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from publish.story.asked import Law
from publish.story.eligibility import tell_eligibility
from publish.story.model import Story, Text
from publish.story.risk import tell_risk

if TYPE_CHECKING:
    from publish.lookup import Found

_NOT_QUOTED = Text(
    "本快照未附法条依据（由较早版本生成）", "This snapshot holds no citations: an earlier version made it"
)


def tell(found: Found, manifest: Mapping[str, Any], *, for_desk: bool = False) -> Story:
    """The story of one entity, which the snapshot knows.

    Args:
        found: its rows; for the desk, those of the desk's files alone.
        manifest: of the snapshot, or for the desk the desk's own.
        for_desk: leave out everything of the class.
    """
    law = Law(manifest.get("citations") or {}, manifest.get("indicators") or {}, str(manifest["as_of"]))
    answer = found.eligibility or found.grade or {}
    return Story(
        uscc=str(answer["uscc"]),
        name=str(answer.get("name") or ""),
        as_of=law.as_of_text,
        policy_version=str(manifest["policy_version"]),
        known_by=manifest.get("known_by"),
        eligibility=tell_eligibility(found, law),
        risk=None if for_desk or found.grade is None else tell_risk(found.grade, found, law),
        for_desk=for_desk,
        gaps=tuple(dict(gap) for gap in manifest.get("accepted_gaps") or ()),
        notes=() if law.citations else (_NOT_QUOTED,),
    )
