"""``creditgrade explain``: from an output folder and a USCC to the explanation."""

from __future__ import annotations

import json
import shlex
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from flows.control.folder import existing_out
from flows.control.latest import read_latest
from flows.days import read_day
from policy.uscc import USCC_ALPHABET, USCC_LENGTH, uscc_defect
from publish.lookup import look_up, with_org_code
from publish.places import DESK_MANIFEST, MANIFEST, PRUNED
from publish.revisions import revisions
from records.errors import CreditgradeError, UsageError

if TYPE_CHECKING:
    from publish.pruned import Pruned

Format = Literal["text", "json", "html"]
FORMATS = ("text", "json", "html")
LANGUAGES = ("zh", "en")
_FULL_WIDTH = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)}
_ORG_CODE = 9
_SHOWN = 5
_DIGITS_OF_A_PERSON = 10  # of the shortest that `records.masking` looks for, a landline with its area code


def explain_entity(
    out: Path,
    uscc: str,
    as_of: str | None,
    *,
    for_desk: bool = False,
    form: str = "text",
    lang: str | None = None,
) -> str:
    """The explanation for one entity.

    Args:
        out: the output folder.
        uscc: as typed; width, case and spaces do not matter. An organisation code of 9 characters is taken where
            one entity alone has it.
        as_of: the day as typed; None for the snapshot that stands, or the newest where none stands.
        for_desk: the eligibility alone; only ``desk/`` of the snapshot is read.
        form: ``text``, ``json`` or ``html``.
        lang: ``zh``, ``en``; None for both.

    Raises:
        UsageError: ``bad_option``, ``bad_date``, ``bad_uscc``, ``unknown_uscc``, ``ambiguous_uscc``,
            ``no_snapshot``, ``out_missing``.
        CreditgradeError: ``snapshot_damaged``.
    """
    for option, value, known in (("--format", form, FORMATS), ("--lang", lang, LANGUAGES)):
        if value is not None and value not in known:
            raise UsageError(f"{option} {value!r} is unknown: {' or '.join(known)}", rule="bad_option")
    org_code = _org_code(uscc)
    code = None if org_code else read_uscc(uscc)
    path = snapshot_of(out, None if as_of is None else read_day("--as-of", as_of), for_desk=for_desk)
    manifest = _manifest(path, for_desk=for_desk)
    if manifest is None:
        name = DESK_MANIFEST if for_desk else MANIFEST
        raise CreditgradeError("cannot be read", rule="snapshot_damaged", file=str(path / name))
    if code is None:
        code = _only_one(with_org_code(path, org_code or ""), uscc, manifest)
    found = look_up(path, code, for_desk=for_desk)
    if found.grade is None and found.eligibility is None:
        raise UsageError(f"no entity has the USCC {code} on {manifest['as_of']}", rule="unknown_uscc")
    return _rendered(path, found, manifest, for_desk=for_desk, form=form, lang=lang)


def _rendered(path: Path, found: Any, manifest: Any, *, for_desk: bool, form: str, lang: Any) -> str:
    from publish.story.telling import tell

    story = tell(found, manifest, for_desk=for_desk)
    if form == "json":
        from publish.story.as_json import as_json

        return as_json(story, lang)
    if form == "html":
        from publish.story.html import as_html

        return as_html(story, lang).rstrip("\n")
    from publish.story.text import as_text

    return "\n".join([*as_text(story, lang), "", f"snapshot {path}"])


def _org_code(text: str) -> str | None:
    """An organisation code 组织机构代码, where the text can be one."""
    code = "".join(text.translate(_FULL_WIDTH).split()).upper().replace("-", "")
    return code if len(code) == _ORG_CODE and code.isascii() and code.isalnum() else None


def _only_one(codes: list[str], typed: str, manifest: Any) -> str:
    if len(codes) == 1:
        return codes[0]
    if not codes:
        raise UsageError(
            f"no entity has the organisation code {typed!r} on {manifest['as_of']}", rule="unknown_uscc"
        )
    more = f" and {len(codes) - _SHOWN} more" if len(codes) > _SHOWN else ""
    raise UsageError(
        f"{typed!r} is ambiguous, {len(codes)} entities have it: {', '.join(codes[:_SHOWN])}{more}",
        rule="ambiguous_uscc",
    )


def read_uscc(text: str) -> str:
    """A unified social credit code (GB 32100) in its normal form.

    Raises:
        UsageError: ``bad_uscc``.
    """
    code = "".join(text.translate(_FULL_WIDTH).split()).upper()
    defect = uscc_defect(code)
    if defect is None:
        return code
    if defect == "uscc_length":
        problem = f"it has {len(code)} characters, not {USCC_LENGTH}"
    elif defect == "uscc_alphabet":
        problem = f"{next(char for char in code if char not in USCC_ALPHABET)!r} never stands in one"
    else:
        problem = "its check digit does not fit"
    shown = text
    if sum(char.isdigit() for char in text) >= _DIGITS_OF_A_PERSON:
        # Somebody may have typed a citizen's id or a telephone number; what finds them imports NumPy.
        from records.masking import mask_text

        shown = mask_text(text)
    raise UsageError(f"{shown!r} is no unified social credit code: {problem}", rule="bad_uscc")


def snapshot_of(out: Path, as_of: date | None, *, for_desk: bool = False) -> Path:
    """The snapshot that answers for a day: that of latest.json, or the newest revision of the day.

    Raises:
        UsageError: ``no_snapshot``, ``out_missing``; ``snapshot_pruned`` where what the desk reads is all that is left.
    """
    folder = existing_out(out)
    latest = read_latest(folder)
    if as_of is None and latest is not None and (folder.root / latest["path"]).is_dir():
        return folder.root / str(latest["path"])
    standing = revisions(out, as_of)
    if not standing:
        day = f" for {as_of}" if as_of else ""
        command = f"creditgrade run --landing LANDING --out {shlex.quote(str(out))}"
        command += f" --as-of {as_of}" if as_of else ""
        raise UsageError(f"{out} holds no snapshot{day}; {command} makes one", rule="no_snapshot")
    # A snapshot that leaves out what is known by now answers another question.
    whole = [r for r in standing if (_manifest(r.path, for_desk=for_desk) or {}).get("known_by") is None]
    found = (whole or standing)[-1]
    pruned = None if for_desk or not (found.path / PRUNED).exists() else _pruned(found.path)
    if pruned is not None:
        raise UsageError(
            f"{found.path} was pruned on {pruned.on}, eligibility alone is left; `creditgrade run --landing LANDING "
            f"--lake {shlex.quote(str(folder.lake))} --out ANOTHER --as-of {found.as_of} --known-by {found.as_of}` "
            "makes the day again",
            rule="snapshot_pruned",
        )
    return found.path


def _pruned(path: Path) -> Pruned | None:
    from publish.pruned import read_pruned  # imports pyarrow, which an explanation need not wait for

    return read_pruned(path)


def _manifest(path: Path, *, for_desk: bool) -> dict[str, Any] | None:
    """The manifest, or for the desk its own; None where it cannot be read."""
    try:
        value = json.loads((path / (DESK_MANIFEST if for_desk else MANIFEST)).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return value if isinstance(value, dict) else None
