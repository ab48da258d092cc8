"""What the supervisors' commands do, from their options to files."""

from __future__ import annotations

import hashlib
import sys
from datetime import date, datetime
from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from flows.control.folder import existing_out
from flows.control.lock import one_run
from flows.days import ZONE, read_day
from flows.explain import snapshot_of
from records.errors import UsageError

# A seed that is shorter can be guessed, and so found from its commitment.
SEED_CHARACTERS = 12

if TYPE_CHECKING:
    from policy import Policy
    from publish.plan.draw import Rules
    from publish.plan.roster import Inspector


def plan_command(
    out: Path,
    as_of: str,
    seed: str | None,
    roster: Path | None,
    policy_dir: Path | None,
    *,
    commits: bool,
    reveals: bool,
    checks: bool,
    now: datetime,
) -> list[str]:
    """Commits to a seed, draws, reveals or checks; lines for a person.

    Raises:
        UsageError: as `publish.plan.files` and `publish.plan.check`; ``seed_too_short``, ``no_snapshot``, ``bad_date``,
            ``out_missing``.
        InputRefused: of the roster.
        PromiseBroken: ``plan_differs``.
    """
    from policy import load_policy
    from publish.plan import check, files
    from publish.plan.roster import read_roster

    day = read_day("--as-of", as_of)
    place = existing_out(out)
    local = now.astimezone(ZONE)
    with one_run(place.lock, f"plan-{day}", 30, lambda text: print(text, file=sys.stderr)):
        if commits:
            if len(str(seed)) < SEED_CHARACTERS:
                raise UsageError(
                    f"the seed has fewer than {SEED_CHARACTERS} characters: it can be found from its commitment",
                    rule="seed_too_short",
                )
            told = files.commit(out, day.isoformat(), str(seed), local)
            return [f"committed for {day} 种子承诺: {told['commitment']} ({told['committed_at']})"]
        if reveals:
            plans = check.plans_of(out, day.isoformat(), str(seed))
            if not plans:
                raise UsageError(f"no plan of {day} was drawn from this seed", rule="no_plan")
            for folder in plans:
                check.reveal(folder, str(seed), local)
            return [f"revealed for {day} 种子已公布: {folder / check.REVEALED}" for folder in plans]
        rules = plan_rules(load_policy(policy_dir), day)
        people = read_roster(roster) if roster else []
        digest = hashlib.sha256(roster.read_bytes()).hexdigest() if roster else None
        if checks:
            return _checked(out, rules, seed, day.isoformat(), people, digest)
        snapshot = snapshot_of(out, day)
        made = files.make_plan(snapshot, out, rules, people, str(seed), local, roster_sha256=digest)
    lines = [
        f"{made.path}: {made.about['visits']:,} visits 检查户数, {made.about['joint_visits']:,} joint 联合, "
        + ", ".join(f"{way} {n:,}" for way, n in made.about["selected_by"].items())
        + ("" if made.is_new else " (drawn before, unchanged)")
    ]
    if len(str(seed)) < SEED_CHARACTERS:
        lines.append(
            f"warning: the seed has fewer than {SEED_CHARACTERS} characters: it can be found from its commitment"
        )
    if not made.about["was_committed_before"]:
        lines.append("warning: no commitment was on record before the draw; next time: --commit first")
    if roster and made.about["visits_without_inspectors"]:
        lines.append(f"warning: {made.about['visits_without_inspectors']:,} visits have too few inspectors")
    return lines


def _checked(
    out: Path, rules: Rules, seed: str | None, as_of: str, people: list[Inspector], roster_sha256: str | None
) -> list[str]:
    """Each revealed plan of the day, or those of a seed, drawn again from the revision that they name."""
    from publish.plan import check, files

    folders = check.plans_of(out, as_of, seed)
    if seed is None:
        folders = [folder for folder in folders if (folder / check.REVEALED).exists()]
    if not folders:
        what = "drawn from this seed" if seed is not None else "revealed yet"
        raise UsageError(f"no plan of {as_of} is {what}", rule="no_plan" if seed else "seed_not_revealed")
    lines = []
    for folder in folders:
        had = files.read_about(folder)["roster_sha256"]
        if roster_sha256 not in (None, had):
            raise UsageError(f"{folder} was drawn with another --roster", rule="plan_exists")
        about = check.check_plan(folder, out, rules, seed, people if roster_sha256 == had else None)
        agree = "frame, seed, draw and visits agree"
        if had is not None and roster_sha256 is None:
            agree += " (who goes: with --roster)"
        lines.append(f"{folder}: {agree}, {about['visits']:,} visits")
    return lines


def plan_rules(policy: Policy, on: date) -> Rules:
    """What the policy says of the draw on a day."""
    from publish.plan.draw import Rules

    return Rules(
        tasks=policy.tasks,
        rates={c: Fraction(str(rate)) for c, rate in policy.value("sampling_rates", on).items()},
        cap=int(policy.value("sampling_visits_per_year", on)),
        per_visit=int(policy.value("sampling_inspectors_per_visit", on)),
        least=int(policy.value("sampling_min_per_division", on)),
        authority_of=cache(policy.authority_in),
        names={one.id: one.name for one in policy.authorities},
        policy_version=policy.version,
    )


def report_command(
    out: Path, as_of: str | None, *, with_books: bool, with_pdf: bool, now: datetime
) -> list[str]:
    """Writes the reports of a snapshot; lines for a person.

    Raises:
        UsageError: ``no_snapshot``, ``bad_date``, ``out_missing``, ``earlier_version``.
    """
    from publish.report.write import write_reports

    existing_out(out)
    snapshot = snapshot_of(out, None if as_of is None else read_day("--as-of", as_of))
    made = write_reports(snapshot, out, now=now.astimezone(ZONE), with_books=with_books, with_pdf=with_pdf)
    took = ", ".join(f"{name} {value:.1f} s" for name, value in made.about["seconds"].items())
    return [f"{made.path}: {len(made.about['outputs'])} files ({took})"]


def integrity_command(
    out: Path, applicants: Path, to: Path, as_of: str | None, policy_dir: Path | None
) -> list[str]:
    """Answers a list of applicants; lines for a person.

    Raises:
        UsageError: ``bad_option`` where ``to`` stands already; ``no_snapshot``.
        InputRefused: of the list.
    """
    from policy import load_policy
    from publish.integrity import answer, read_applicants, write_answers

    if to.exists() or to.suffix.lower() not in (".csv", ".xlsx"):
        what = "exists" if to.exists() else "is neither .csv nor .xlsx"
        raise UsageError(f"--to {to} {what}", rule="bad_option")
    snapshot = snapshot_of(out, None if as_of is None else read_day("--as-of", as_of), for_desk=True)
    day = date.fromisoformat(snapshot.name.partition("=")[2][:10])
    factors = load_policy(policy_dir).value("integrity_factors", day)
    asked = read_applicants(applicants)
    answers = answer(snapshot, asked, factors)
    write_answers(answers, to, day)
    unknown = sum(one.status is None for one in answers)
    waiting = sum(one.status is not None and one.factor is None for one in answers)
    return [
        f"{to}: {len(answers):,} applicants as of {day}, {unknown:,} unknown, {waiting:,} wait for a person"
    ]
