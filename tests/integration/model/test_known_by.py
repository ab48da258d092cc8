"""Trained on what had been received by then: a landing folder that filled over months, and part of it too late."""

from __future__ import annotations

import json
import random
from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from flows.days import ZONE
from flows.model_training import Asked, _prepared, records_end
from flows.stages.ingest import ingest
from models.learning.dataset import MISSING, Window
from policy import load_policy
from policy.reading import read_yaml
from records.errors import UsageError
from tests.integration.model.making import entity, policy_of, visit
from tests.spec.vocabulary import uscc_of

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

AS_OF = date(2024, 10, 31)
ENTITIES = 90
RECEIVED = (date(2024, 6, 20), date(2024, 10, 31), date(2025, 2, 10))
LATER = date(2024, 9, 15)
CODE = Path(__file__).parents[3]
Visits = dict[str, list[tuple[date, bool, date]]]


def _visits() -> Visits:
    """Uscc → (day, whether a critical item was found, day of receipt), one visit in each two months.

    Of every third entity what was found is told on the last day of receipt, months after the fact.
    """
    rng = random.Random(11)
    found: Visits = {}
    for number in range(ENTITIES):
        line = []
        for place in range(5):
            day = date(2024, 3, 1) + timedelta(days=61 * place + 1 + rng.randrange(39))
            is_late = number % 3 == 0 and place > 0
            received = RECEIVED[-1] if is_late else next(d for d in RECEIVED if d >= day)
            line.append((day, is_late or rng.random() < 0.3, received))
        found[uscc_of(number)] = line
    return found


def _deliver(folder: Path, lake: Path, policy: Path, visits: Visits) -> None:
    loaded = load_policy(policy)
    rows: dict[str, list[dict[str, Any]]] = {
        "entities": [entity(n, "341821") for n in range(ENTITIES)],
        "licences": [_licence()],
    }
    # Of the last but one, all that is known was written down later, its end too.
    rows["entities"][-2] |= {"status": "吊销", "updated_on": LATER.isoformat()}
    for received in RECEIVED:
        rows["inspections"] = [
            row
            for number, (code, line) in enumerate(visits.items())
            for place, (day, is_bad, on) in enumerate(line)
            if on == received
            for row in visit(number, code, f"T{number}-{place}", is_bad, "宣城市市场监督管理局", day)
        ]
        for kind, lines in rows.items():
            (folder / kind).mkdir(parents=True, exist_ok=True)
            text = "\n".join(json.dumps(line, ensure_ascii=False) for line in lines)
            (folder / kind / f"{received}.jsonl").write_text(text + "\n", encoding="utf-8")
        rows.clear()
        now = datetime.combine(received, time(9), ZONE)
        ingest(folder, lake, loaded, today=received, now=now)


def _licence() -> dict[str, Any]:
    """A licence of one entity, of which a later row says that it was revoked."""
    return {
        "subject_name": "企业1", "subject_kind": "法人及非法人组织", "uscc": uscc_of(1), "doc_name": "许可决定书",
        "doc_no": "许2023-1", "licence_class": "普通", "content": "餐饮", "decided_on": "2023-05-01",
        "valid_from": "2023-05-01", "valid_to": "2028-05-01", "authority": "宣城市市场监督管理局", "state": "撤销",
        "updated_on": LATER.isoformat(),
    }  # fmt: skip


def _look_at(policy: Path, *columns: str) -> None:
    """More features, as the shipped policy names them."""
    card, shipped = (read_yaml(folder / "scorecard.yaml") for folder in (policy, CODE / "policy"))
    card["features"] += [one for one in shipped["features"] if one["feature"] in columns]
    (policy / "scorecard.yaml").write_text(yaml.safe_dump(card, allow_unicode=True), encoding="utf-8")


def _expected(visits: Visits, window: Window, known: Sequence[date]) -> dict[str, tuple[int, int, bool]]:
    """Uscc → days since the last visit, whether it had found something, whether the next one did.

    Args:
        known: last days of receipt of what the features and the label may know.
    """
    found = {}
    for code, line in visits.items():
        before = [v for v in line if v[0] <= window.start and v[2] <= known[0]]
        after = [v for v in line if window.start < v[0] <= window.end and v[2] <= known[1]]
        if after:
            last = max(before, default=None)
            since = (window.start - last[0]).days if last else MISSING
            found[code] = (since, int(last[1]) if last else MISSING, min(after)[1])
    return found


def test_what_was_received_later_is_neither_in_features_nor_in_labels(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    visits, policy, lake = _visits(), tmp_path / "policy", tmp_path / "lake"
    policy_of(policy)
    _look_at(policy, "licences_valid", "licences_revoked", "status_group")
    _deliver(tmp_path / "landing", lake, policy, visits)
    # One window instead of many: each takes its time.
    window = Window(date(2024, 8, 31), AS_OF)
    monkeypatch.setattr("models.learning.dataset.windows", lambda policy, as_of: (window,))
    asked = Asked(tmp_path / "out", None, lake, policy, AS_OF.isoformat(), as_received=True)
    now, told = datetime.combine(RECEIVED[-1], time(9), ZONE), list[str]()
    with _prepared(asked, now, told.append) as made:
        data, today = made.data, made.everybody(AS_OF)
    # What came after the day of training is no input.
    rules, late = made.policy, RECEIVED[-1]
    by_then, by_now = (ingest(None, lake, rules, today=late, now=now, known_by=day) for day in (AS_OF, None))
    assert set(made.inputs) == {d.sha256 for d in by_then.deliveries}
    assert (len(by_then.deliveries), len(by_now.deliveries)) == (4, 5)
    found = {
        data.uscc[data.entity[row]]: (
            int(data.features["days_since_visit"][row]),
            int(data.features["critical_last"][row]),
            bool(data.event[row]),
        )
        for row in range(len(data))
    }
    assert len(found) == ENTITIES * 2 // 3
    assert found == _expected(visits, window, window)
    # With all that is known today it would have been another window.
    whole = _expected(visits, window, (late, late))
    assert len(whole) == ENTITIES
    assert all(found[code][0] > whole[code][0] and found[code][2] == whole[code][2] for code in found)
    assert {code for code in whole if code not in found} == {uscc_of(n) for n in range(0, ENTITIES, 3)}

    # Nor does what was written down later of a licence or an entity speak for the day before.
    for known, revoked, status in ((data, 0, None), (today, 1, "revoked")):
        first, ended = (
            next(row for row in range(len(known)) if known.uscc[known.entity[row]] == uscc_of(number))
            for number in (1, ENTITIES - 2)
        )
        assert int(known.features["licences_revoked"][first]) == revoked
        assert int(known.features["licences_valid"][first]) == 1 - revoked
        level = int(known.features["status_group"][ended])
        assert (None if level == MISSING else known.levels["status_group"][level]) == status

    # Records that end two months before the last window does are told of, and a day before any is refused at once.
    assert not made.warnings
    assert list(records_end(by_then, rules, date(2024, 11, 1))) == []
    (line,) = records_end(by_then, rules, date(2025, 1, 31))
    assert line.startswith("the records of inspections end on 2024-10-") and "--as-of 2024-10-" in line
    monkeypatch.undo()
    told.clear()
    with (
        pytest.raises(UsageError, match="no record of inspections is dated up to 2023-11-30"),
        _prepared(replace(asked, as_of="2024-03-31", as_received=False), now, told.append),
    ):
        pass
    assert not [line for line in told if "records as of the day" in line]
