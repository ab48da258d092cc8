"""The desk at the command line: what is read, printed and written."""

from __future__ import annotations

import csv
import gc
import json
import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import IO, TYPE_CHECKING

from desk.answers import Answer
from desk.as_json import answer_json, citations_of, period_json, safe_cell
from desk.asking import Question, ask
from desk.audit import Entry, Who
from desk.audit_check import csv_lines
from desk.bulk import BOM, answer_lines, read_questions
from desk.clock import day_of, instant
from desk.reading import read_applicant
from desk.words import GAP, MEANINGS, MORE, OF_ANOTHER, PROBLEMS, STALE, WORDS
from flows.desk_worker import looking_up
from publish.story.words import rule_words
from publish.words import STATUSES
from records.errors import UsageError

if TYPE_CHECKING:
    from desk.audit import Audit
    from desk.places import Places
    from desk.store import Store

_PAGE = 5_000
_LIST_COLUMNS = (
    "uscc", "name", "division_code", "status", "status_zh", "grounds", "clean_since", "eligible_on", "as_of",
)  # fmt: skip


def answer_file(
    places: Places, audit: Audit, who: Who, source: Path, target: Path, item: str, on: date | None,
    known_on: date | None,
) -> int:  # fmt: skip
    """Answers a CSV file into another; the number of answers.

    Raises:
        UsageError: ``file_missing``, ``not_writable``, ``same_file``.
        InputRefused: the file cannot be read to its end; nothing is written then.
        CreditgradeError: ``worker_died``.
    """
    if target.resolve() == source.resolve():
        raise UsageError("--in and --out are the same file", rule="same_file")
    try:
        handle = open(source, "rb")  # noqa: SIM115 (closed below)
    except OSError as error:
        raise UsageError(f"{source} cannot be read: {error.strerror}", rule="file_missing") from error
    count = 0
    with handle, _whole_file(target) as made, _settled():
        questions: Iterable[Question] = read_questions(handle, source.name)
        if item:
            questions = (one if one.item else one._replace(item=item) for one in questions)
        size = os.fstat(handle.fileno()).st_size
        with looking_up(places, size, who, questions, on, known_on) as looked_up:
            for rows, text in answer_lines(audit, looked_up):
                made.write(text)
                count += rows
    return count


@contextmanager
def _settled() -> Iterator[None]:
    """For many answers, none of which makes a cycle: what is loaded already is not looked through again and again."""
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()


def print_answers(
    store: Store, audit: Audit, who: Who, applicants: Sequence[str], item: str, on: date | None,
    known_on: date | None, *, as_json: bool,
) -> None:  # fmt: skip
    """Prints answers, one after the other."""
    questions = [Question(applicant, item) for applicant in applicants]
    answers = ask(store, audit, who, questions, on=on, known_on=known_on)
    if as_json:
        print(json.dumps([answer_json(one) for one in answers], ensure_ascii=False, indent=1))
        return
    print("\n\n".join("\n".join(_lines(one)) for one in answers))


def _lines(answer: Answer) -> Iterator[str]:
    word, meaning = WORDS[answer.code], MEANINGS[answer.code]
    entity, edition = answer.entity, answer.edition
    yield f"{word.zh}  {answer.code}  {entity.uscc + ' ' + entity.name if entity else answer.asked}"
    yield f"  {meaning.zh}"
    if answer.problem in PROBLEMS:
        yield f"  {PROBLEMS[answer.problem].zh} [{answer.problem}]"
    if answer.item:
        yield f"  许可事项 {answer.item}"
    if answer.excluded_by and edition:
        cited = edition.citations[answer.excluded_by]
        yield f"  除外依据 {cited['label']}：{cited['source']} {cited['article']}"
    for one in answer.candidates:
        yield f"  · {one.uscc} {one.name} {one.division_code}"
    if answer.has_more_candidates:
        yield f"  ⚠ {MORE.zh}"
    if entity and not answer.is_stale:
        yield f"  状态 {STATUSES.get(entity.status, (entity.status, ''))[0]} [{entity.status}]"
    for reason in answer.reasons:
        number = OF_ANOTHER.zh if reason.is_of_another else reason.doc_no or "—"
        until = reason.blocks_until.isoformat() if reason.blocks_until else "未定"
        cells = rule_words(reason.rule).zh, number, reason.authority or "—", str(reason.event_on or "—")
        yield f"  - {'；'.join(cells)}；影响至 {until}"
        if edition:
            for cited in citations_of(reason, edition):
                yield f"      依据 {cited['source']} {cited['article']}"
    if edition:
        stale = f"  ⚠ {STALE.zh}" if answer.is_stale else ""
        is_of_today = answer.on == day_of(instant(answer.answered_at))
        since = "距今" if is_of_today else f"所问日期 {answer.on}，相距"
        yield f"  数据日期 {edition.as_of}，{since} {edition.age_days(answer.on)} 天{stale}"
        for gap in edition.gaps:
            yield f"  ⚠ {GAP.zh} {json.dumps(dict(gap), ensure_ascii=False)}"
    yield f"  核验码 {answer.verification_code}"


def print_history(store: Store, audit: Audit, who: Who, uscc: str, *, as_json: bool) -> None:
    """Prints what was ever said of an entity.

    Raises:
        UsageError: ``bad_uscc``, ``unknown_uscc``.
    """
    applicant = read_applicant(uscc)
    if applicant.form != "uscc":
        raise UsageError("history is asked by a valid unified social credit code", rule="bad_uscc")
    edition = store.edition()
    periods = store.history(applicant.key)
    audit.append(
        Entry(
            who,
            "history",
            applicant.key,
            as_of=edition.as_of.isoformat(),
            manifest_sha256=edition.manifest_sha256,
        )
    )
    if not periods:
        raise UsageError(f"no list ever named {applicant.key}", rule="unknown_uscc")
    if as_json:
        print(json.dumps([period_json(one) for one in periods], ensure_ascii=False, indent=1))
        return
    for period in periods:
        until = f"{period.until.as_of}" if period.until else "今"
        status = period.entity.status
        print(
            f"{period.first.as_of} → {until}  {STATUSES.get(status, (status, ''))[0]} [{status}]  {period.entity.name}"
        )
        known = f"{period.until.loaded_on}" if period.until else "今"
        print(f"  窗口知悉 {period.first.loaded_on} → {known}")
        for reason in period.entity.reasons:
            cells = rule_words(reason.rule).zh, reason.doc_no, reason.authority, reason.event_on
            print("  -", *(cell for cell in cells if cell))


def write_list(
    store: Store, audit: Audit, who: Who, target: Path, division: str, status: Sequence[str], on: date | None,
    known_on: date | None,
) -> int:  # fmt: skip
    """Writes the list of a division as CSV; the number of entities.

    Raises:
        UsageError: ``unknown_status``, ``not_writable``.
    """
    if unknown := [code for code in status if code not in STATUSES]:
        raise UsageError(f"status {unknown[0]!r} is unknown: {', '.join(STATUSES)}", rule="unknown_status")
    edition = store.edition(on, known_on)
    audit.append(
        Entry(
            who, "list", f"{division} {' '.join(status)}".strip(), as_of=edition.as_of.isoformat(),
            manifest_sha256=edition.manifest_sha256,
        )
    )  # fmt: skip
    count, after = 0, ""
    with _whole_file(target) as file:
        rows = csv.writer(file)
        file.write(BOM)
        rows.writerow(_LIST_COLUMNS)
        while found := store.page(edition, division, status, after, _PAGE):
            for one in found:
                eligible_on = edition.as_of if one.status.startswith("ELIGIBLE_") else one.eligible_on
                cells = (
                    one.uscc, one.name, one.division_code, one.status, STATUSES.get(one.status, (one.status,))[0],
                    ";".join(one.grounds), one.clean_since or "", eligible_on or "", edition.as_of,
                )  # fmt: skip
                rows.writerow([safe_cell(str(cell)) for cell in cells])
            count += len(found)
            after = f"{found[-1].division_code}.{found[-1].uscc}"
    return count


def export_audit(audit: Audit, target: Path) -> int:
    """Writes the trail: ``.jsonl`` with every field exact, else CSV; the number of entries.

    Raises:
        UsageError: ``not_writable``.
    """
    count = 0

    def counted() -> Iterator[dict[str, object]]:
        nonlocal count
        for row in audit.all():
            count += 1
            yield row

    with _whole_file(target) as file:
        if target.suffix == ".jsonl":
            for row in counted():
                file.write(json.dumps(row, ensure_ascii=False) + "\n")
        else:
            for text in csv_lines(counted()):
                file.write(text)
    return count


@contextmanager
def _whole_file(target: Path) -> Iterator[IO[str]]:
    """A file that has its name only once it is whole."""
    temporary = target.with_name(f".{target.name}.{os.getpid()}.tmp")
    try:
        with open(temporary, "w", encoding="utf-8", newline="") as file:
            yield file
        os.replace(temporary, target)
    except OSError as error:
        raise UsageError(f"{target} cannot be written: {error.strerror}", rule="not_writable") from error
    finally:
        temporary.unlink(missing_ok=True)
