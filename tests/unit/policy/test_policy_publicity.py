"""publicity.yaml: the numbers of the reference, a rule for every day, and what is refused."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest

from policy import Policy, PolicyError, load_policy, policy_json_schema
from policy.publicity import CHANNELS, GROUPS, Channel, Group

D = date.fromisoformat
FILE = "publicity.yaml"
SHIPPED = Path(__file__).parents[3] / "policy" / FILE

# regulation.md §3.6: channel, group, a day; shortest and longest period, longer one; None where nothing is shown.
TABLE: list[tuple[Channel, Group, str, tuple[int | None, int | None, int | None] | None]] = [
    ("gsxt", "warning", "2021-09-01", None),
    ("gsxt", "simple_procedure", "2021-09-01", None),
    ("gsxt", "criticism", "2021-09-01", (None, 3, None)),
    ("gsxt", "low_fine", "2021-09-01", (None, 3, None)),
    ("gsxt", "other", "2021-09-01", (6, 36, 12)),
    ("gsxt", "heavy", "2021-09-01", (None, 36, None)),
    ("gsxt", "heavy", "2026-04-01", (None, 36, None)),
    ("gsxt", "other", "2014-10-01", (None, 60, None)),
    ("gsxt", "heavy", "2021-08-31", (None, 60, None)),
    ("creditchina", "other", "2019-07-01", (3, 12, None)),
    ("creditchina", "heavy", "2023-04-30", (6, 36, None)),
    ("creditchina", "warning", "2023-05-01", None),
    ("creditchina", "criticism", "2026-03-31", None),
    ("creditchina", "other", "2023-05-01", (3, 36, 12)),
    ("creditchina", "heavy", "2026-03-31", (3, 36, 12)),
    ("creditchina", "simple_procedure", "2026-04-01", None),
    ("creditchina", "other", "2026-04-01", (3, 12, None)),
    ("creditchina", "low_fine", "2026-04-01", (3, 12, None)),
    ("creditchina", "large_fine", "2026-04-01", (12, 36, None)),
    ("creditchina", "heavy", "2026-04-01", (12, 36, None)),
]


@pytest.mark.parametrize(("channel", "group", "day", "wanted"), TABLE)
def test_numbers_are_those_of_the_reference(
    shipped: Policy, channel: Channel, group: Group, day: str, wanted: tuple[int | None, ...] | None
) -> None:
    rule = shipped.publicity.rule(channel, group, D(day))
    longer = rule.longer_min.months if rule.longer_min else None
    assert rule.is_published is (wanted is not None)
    assert (rule.min_months, rule.max_months, longer) == (wanted or (None, None, None))


@pytest.mark.parametrize("channel", CHANNELS)
@pytest.mark.parametrize("group", GROUPS)
def test_one_rule_for_every_day(shipped: Policy, channel: Channel, group: Group) -> None:
    rules = [r for r in shipped.publicity.rules if r.channel == channel and group in r.groups]
    days = {day for r in rules for day in (r.valid_from, r.valid_to) if day} | {date.min, date.max}
    for day in days:
        assert [r for r in rules if r.covers(day)] == [shipped.publicity.rule(channel, group, day)]


def test_heavy_decisions_are_never_stopped_early_on_gsxt(shipped: Policy) -> None:
    heavy = [
        r for r in shipped.publicity.rules if r.channel == "gsxt" and "heavy" in r.groups and r.is_published
    ]
    assert heavy and all(
        r.groups == ("heavy",) and r.min_months is None and not r.stops_on_repair for r in heavy
    )
    assert [r.id for r in shipped.publicity.rules if r.extends_to_restriction] == ["gsxt_2021_heavy"]


def test_longer_shortest_periods(shipped: Policy) -> None:
    areas = {r.id: set(r.longer_min.areas) for r in shipped.publicity.rules if r.longer_min}
    special = {"food", "drugs", "special_equipment"}
    assert areas == {"gsxt_2021_other": special, "creditchina_2023_other": special | {"work_safety", "fire"}}
    assert special | {"work_safety", "fire"} == {area.id for area in shipped.publicity.areas}


def test_rules_of_the_serious_list(shipped: Policy) -> None:
    def periods(day: str) -> tuple[int | None, int | None] | None:
        rule = shipped.publicity.list_rule("gsxt", "严重违法失信名单", D(day))
        return rule and (rule.min_months, rule.max_months)

    assert [periods(day) for day in ("2016-03-31", "2016-04-01", "2021-08-31", "2021-09-01")] == [
        None, (None, 60), (None, 60), (12, 36),
    ]  # fmt: skip
    assert [shipped.publicity.list_types(channel) for channel in CHANNELS] == [("严重违法失信名单",), ()]


def test_transition(shipped: Policy) -> None:
    transition = shipped.publicity.transition("creditchina")
    assert transition and transition.day == D("2026-04-01") and transition.confidence == "A"
    assert shipped.publicity.transition("gsxt") is None


def test_low_fine_is_a_dated_value(shipped: Policy) -> None:
    assert shipped.value("publicity.low_fine_yuan", D("2026-01-01")) == 100_000
    # Anhui's own amount was not found.
    assert shipped.citation("publicity.low_fine_yuan", D("2026-01-01")).confidence == "A"
    assert "publicity" in shipped.overdue(D("2027-04-01"))


def test_start_of_publication_is_said_to_be_unknown(shipped: Policy) -> None:
    counted = [r for r in shipped.publicity.rules if r.start == "publication"]
    assert counted and all("the decision's day is taken" in r.description for r in counted)
    assert {r.channel for r in counted} == {"gsxt"}


def test_schema_for_editors() -> None:
    rule = policy_json_schema()[FILE]["$defs"]["PublicityRule"]
    assert set(rule["required"]) >= {
        "id",
        "channel",
        "is_published",
        "source",
        "article",
        "confidence",
        "reviewed_on",
    }
    assert rule["additionalProperties"] is False


def test_a_change_makes_another_version_but_reads_no_file_again(edit: Any, shipped: Policy) -> None:
    changed = load_policy(edit(FILE, "max_months: 3\n", "max_months: 4\n"))
    assert changed.version != shipped.version
    assert changed.reader_digest == shipped.reader_digest


EARLY, LIST_DAYS = 'valid_to: "2014-09-30"', '  valid_from: "2016-04-01"\n  valid_to: "2021-08-31"'
WARNING, SHORT = "groups: [warning]", "groups: [criticism, low_fine]"
LONGER = "{months: 12, areas: [food, drugs, special_equipment]}"
DRUGS = "words: [药品, 疫苗, 假药, 劣药]"
TRANSITION = "  channel: creditchina\n  valid_from: {}\n  valid_to: null\n  source: 本系统缺省规则（办法"
NO_START = "start must be listing for a list"


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (EARLY, 'valid_to: "2014-09-29"', "rules of gsxt, no_penalty: none in force on 2014-09-30"),
        (EARLY, 'valid_to: "2014-10-01"', "rules of gsxt, no_penalty: ever..2014-10-01 and 2014-10-01"),
        (WARNING, "groups: [large_fine]", "rules of gsxt, warning: none in force on 2021-09-01"),
        (WARNING, "groups: [warnings]", "rules.gsxt_2021_warning.groups.0"),
        (WARNING, "groups: [warning, warning]", "names a group twice"),
        (f"  {WARNING}\n", "", "needs exactly one of groups and list_type"),
        (SHORT, f"{SHORT}\n  list_type: 经营异常名录", "needs exactly one of groups and list_type"),
        ("id: gsxt_2021_simple", "id: gsxt_2021_warning", "rule gsxt_2021_warning stands twice"),
        ("id: creditchina_2026_transition", "id: gsxt_2014", "rule gsxt_2014 stands twice"),
        ("min_months: 6\n", "min_months: 37\n", "min_months 37 lies above max_months 36"),
        ("min_months: 6\n", "min_months: -6\n", "rules.gsxt_2021_other.min_months"),
        ("min_months: 6\n", 'min_months: "6"\n', "rules.gsxt_2021_other.min_months"),
        ("  min_months: 6\n", "", "min_months is missing"),
        ("  max_months: 3\n", "", "max_months is missing"),
        ("  max_months: 3\n", "  max_months: 0\n", "rules.gsxt_2021_short.max_months"),
        (LONGER, "{months: 6, areas: [food]}", "longer_min is not longer than min_months"),
        (LONGER, "{months: 12, areas: [feed]}", "rule gsxt_2021_other: unknown area feed"),
        ("  start: decision\n", "", NO_START),
        ("  start: decision\n", "  start: listing\n", NO_START),
        ("  start: listing\n", "  start: publication\n", NO_START),
        (
            f"{WARNING}\n  is_published: false",
            f"{WARNING}\n  is_published: false\n  max_months: 3",
            "max_months stands where nothing is published",
        ),
        (
            "list_type: 严重违法失信名单",
            "list_type: 严重失信名单",
            "rules.gsxt_2016_serious_list.list_type: 严重失信名单 is no list",
        ),
        (
            LIST_DAYS,
            LIST_DAYS.replace("08-31", "09-01"),
            "rules of gsxt, 严重违法失信名单: 2016-04-01..2021-09-01 and 2021-09-01..open overlap",
        ),
        ("id: drugs, name", "id: food, name", "area food stands twice"),
        (DRUGS, "words: [药.品]", "areas.drugs.words.0"),
        (DRUGS, "words: []", "areas.drugs.words"),
        ("{value: 100000,", "{value: 0,", "low_fine_yuan.0.value"),
        ("areas_read_in: [violation_type, key_area]", "areas_read_in: [facts]", "areas_read_in.0"),
        (TRANSITION.format('"2026-04-01"'), TRANSITION.format("null"), "needs a valid_from and no valid_to"),
        ("  confidence: A\n", "", "confidence: is missing"),
        ("  stops_on_repair: true\n", "  stops_on_repairs: true\n", "unknown key"),
    ],
)
def test_a_wrong_table_is_refused(edit: Any, old: str, new: str, message: str) -> None:
    with pytest.raises(PolicyError) as refused:
        load_policy(edit(FILE, old, new))
    assert refused.value.file == FILE
    assert message in refused.value.message


def test_two_transitions_of_one_channel_are_refused(folder: Path) -> None:
    path = folder / FILE
    text = path.read_text(encoding="utf-8")
    head, block = text.split("transitions:\n")
    path.write_text(
        f"{head}transitions:\n{block}{block.replace('2026_transition', '2027_transition')}", encoding="utf-8"
    )
    with pytest.raises(PolicyError, match="transition of channel creditchina stands twice"):
        load_policy(folder)


def test_low_fines_may_not_overlap(folder: Path) -> None:
    path = folder / FILE
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    at = next(n for n, line in enumerate(lines) if line.startswith("- {value: 100000"))
    path.write_text("".join([*lines[: at + 1], lines[at], *lines[at + 1 :]]), encoding="utf-8")
    with pytest.raises(PolicyError, match=r"low_fine_yuan ever\.\.open and ever\.\.open overlap"):
        load_policy(folder)
