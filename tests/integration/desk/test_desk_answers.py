"""The question with all its answers, odd names, and what no answer may show. On both databases where it reads one."""

from __future__ import annotations

import sqlite3
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from desk.answers import ANSWERS, answer_of_status
from desk.as_json import answer_json, answer_row
from desk.asking import Question, ask
from flows.desk import print_answers
from publish.words import STATUSES
from tests.integration.desk.conftest import WHO, City
from tests.integration.desk.making import DAY, blocker, code, desk_citations, entity

PERSON = "11010519491231002X"
OLD_PERSON = "110105491231002"
ODD = (
    "<script>alert(1)</script>有限公司", "“引号”与'单引号'\"双引号\"公司", "=HYPERLINK(\"x\")公司", "宣城‮司公‬有限公司",
    "𠮷野家（宣城）餐饮有限公司", "㐂䶮㸚商行", "100%纯_棉\\公司", "O'Reilly & Söhne 贸易", "ＡＢＣ（全角）公司",
)  # fmt: skip


class TestAnswers:
    def test_every_status_has_its_answer(self, city: City) -> None:
        statuses = sorted(STATUSES)
        city.night([entity(n, status) for n, status in enumerate(statuses)])
        found = {status: city.ask(code(n)).code for n, status in enumerate(statuses)}
        assert found == {
            "ELIGIBLE_CLEAN3Y": "ELIGIBLE", "ELIGIBLE_MODEL": "ELIGIBLE", "NOT_STATUS": "NOT_ELIGIBLE",
            "NOT_ACTIVE_LIST": "NOT_ELIGIBLE", "NOT_BAD_RECORD": "NOT_ELIGIBLE",
            "INSUFFICIENT_HISTORY": "NOT_ELIGIBLE", "HOLD_PROVISIONAL": "HELD", "HOLD_REVIEW": "HELD",
        }  # fmt: skip

    def test_a_status_that_nobody_knows_holds(self) -> None:
        assert answer_of_status("ELIGIBLE_SOMEHOW") == "HELD"

    def test_by_code_however_typed(self, town: City) -> None:
        town.night([entity(1)])
        full = "".join(chr(ord(char) + 0xFEE0) for char in code(1))
        for typed in (code(1), f" {code(1).lower()} ", full, f"{code(1)[:9]} {code(1)[9:]}", f"‎{code(1)}​"):
            assert town.ask(typed).code == "ELIGIBLE", typed

    def test_by_name_however_written(self, city: City) -> None:
        city.night([entity(1, name="宣城（市）Ａ建设有限公司")])
        for typed in ("宣城(市)A建设有限公司", "宣城〔市〕a 建设 有限公司", "宣城（市）Ａ建设有限公司"):
            assert city.ask(typed).entity is not None, typed
        assert city.ask("宣城市A建设有限公司").code == "NOT_IN_REGISTER"

    def test_a_name_of_several(self, city: City) -> None:
        city.night([entity(1, name="顺达商行"), entity(2, "NOT_STATUS", name="顺达商行")])
        answer = city.ask("顺达商行")
        assert (answer.code, answer.entity) == ("AMBIGUOUS", None)
        assert [one.uscc for one in answer.candidates] == [code(1), code(2)]

    @pytest.mark.parametrize("count", [20, 21])
    def test_more_of_a_name_than_are_listed_is_said(
        self, town: City, count: int, capsys: pytest.CaptureFixture[str]
    ) -> None:
        town.night([entity(n, name="顺达商行") for n in range(count)])
        told = answer_json(town.ask("顺达商行"))
        assert (len(told["candidates"]), told["has_more_candidates"]) == (20, count > 20)
        print_answers(town.store, town.audit, WHO, ["顺达商行"], "", DAY, None, as_json=False)
        assert ("不止以上所列" in capsys.readouterr().out) == (count > 20)

    def test_not_in_the_register_is_not_no(self, town: City) -> None:
        town.night([entity(1)])
        for typed in (code(2), "没有这家公司有限公司"):
            assert town.ask(typed).code == "NOT_IN_REGISTER"

    @pytest.mark.parametrize(
        ("typed", "problem"),
        [
            ("", "empty"), ("​‮", "empty"), (code(1)[:17], "uscc_length"), (code(1) + "0", "uscc_length"),
            ("O" + code(1)[1:], "uscc_alphabet"), (code(1)[:17] + "0", "uscc_check"), ("司" * 300, "too_long"),
            ("9.13418E+17", "as_number"), (" ９.13418e+17", "as_number"), ("9,13418E+17", "as_number"),
            ("9.1341800000001E17", "as_number"), ("9E+17", "as_number"),
        ],
    )  # fmt: skip
    def test_what_cannot_be_read(self, town: City, typed: str, problem: str) -> None:
        town.night([entity(1)])
        answer = town.ask(typed)
        assert (answer.code, answer.problem) == ("MALFORMED", problem)

    def test_a_code_that_became_a_number_shows_no_more_digits_than_a_spreadsheet(self, town: City) -> None:
        town.night([entity(1, name="9E17（宣城）有限公司")])
        answer = town.ask("3.41802199001011E+17")
        assert answer.asked == town.audit.entries()[0]["subject"] == "3.41802…E+17"
        assert "文本" in answer_row(answer)[-2] and "科学计数法" in answer_row(answer)[-2]
        assert town.ask("9E17（宣城）有限公司").code == "ELIGIBLE"

    @pytest.mark.parametrize(
        "item", ["危险化学品经营许可", "排污许可证核发", "药品 经营许可证", "（电梯）登记"]
    )
    def test_an_excluded_item_whatever_the_record(self, town: City, item: str) -> None:
        town.night([entity(1), entity(2, "NOT_BAD_RECORD")], [blocker(2)])
        for number in (1, 2):
            answer = town.ask(code(number), item)
            assert answer.code == "EXCLUDED_ITEM"
            assert answer.excluded_by in desk_citations()
        assert town.ask(code(3), item).code == "NOT_IN_REGISTER"
        assert town.ask(code(1), "出版物零售许可").code == "ELIGIBLE"

    def test_an_item_is_decided_whole_or_not_at_all(self, town: City) -> None:
        town.night([entity(1)])
        assert town.ask(code(1), "食" * 194 + "危险化学品").code == "EXCLUDED_ITEM"
        answer = town.ask(code(1), "食" * 196 + "危险化学品")
        assert (answer.code, answer.problem, answer.entity) == ("MALFORMED", "item_too_long", None)

    def test_an_entry_names_its_list_and_the_law_of_it(self, town: City) -> None:
        lists = {1: "active_blocking_list:失信被执行人", 2: "ended_list_entry:经营异常名录 (linked_by_name)"}
        codes = {1: "NOT_ACTIVE_LIST", 2: "NOT_BAD_RECORD"}
        town.night(
            [entity(n, codes[n]) for n in lists],
            [blocker(n, codes[n], rule=rule) for n, rule in lists.items()],
        )
        told = [answer_json(town.ask(code(n)))["entity"]["reasons"][0] for n in lists]
        assert [one["says_zh"] for one in told] == [
            "在列，未移出：失信被执行人",
            "已移出的名单记录：经营异常名录，按名称关联",
        ]
        for one, name in zip(told, ("失信被执行人", "经营异常名录"), strict=True):
            cited = {c["id"]: c for c in one["citations"]}[f"lists.{name}"]
            assert cited["source"] and cited["article"]

    def test_an_old_list_never_says_yes(self, town: City) -> None:
        town.night([entity(1), entity(2, "NOT_BAD_RECORD")], [blocker(2)])
        limit = int(desk_citations()["desk_max_age_days"]["value"])
        last = DAY + timedelta(days=limit)
        assert town.ask(code(1), on=last).code == "ELIGIBLE"
        for number in (1, 2):
            answer = town.ask(code(number), on=last + timedelta(days=1))
            assert (answer.code, answer.is_stale) == ("HELD", True)
        assert answer_json(answer)["entity"]["eligible_on"] is None

    def test_today_is_the_day_where_none_is_named(self, town: City) -> None:
        town.night([entity(1)])
        assert town.ask(code(1), on=None).is_stale

    def test_an_accepted_gap_stands_beside_the_answer(self, town: City) -> None:
        gap = {"kind": "listings", "reason": "上级平台停机", "until": "2026-07-05"}
        town.night([entity(1)], gaps=[gap])
        assert answer_json(town.ask(code(1)))["data"]["accepted_gaps"] == [gap]

    def test_all_answers_have_words(self) -> None:
        from desk.words import MEANINGS, WORDS

        assert set(WORDS) == set(MEANINGS) == set(ANSWERS)

    def test_many_at_once_keep_their_order(self, city: City) -> None:
        city.night([entity(n) for n in range(40)] + [entity(99, "NOT_STATUS", name="末名公司")])
        asked = [code(n) for n in reversed(range(40))] + ["末名公司", code(50), PERSON]
        found = ask(city.store, city.audit, WHO, [Question(one) for one in asked], on=DAY)
        assert [one.entity.uscc if one.entity else None for one in found] == [
            *asked[:40],
            code(99),
            None,
            None,
        ]
        assert [one.code for one in found[-3:]] == ["NOT_ELIGIBLE", "NOT_IN_REGISTER", "NOT_COVERED"]


class TestPersons:
    @pytest.mark.parametrize("typed", [PERSON, PERSON.lower(), OLD_PERSON, f" {PERSON[:6]} {PERSON[6:]}"])
    def test_a_citizens_id_is_answered_and_kept_nowhere(self, town: City, typed: str) -> None:
        town.night([entity(1)])
        answer = town.ask(typed)
        assert answer.code == "NOT_COVERED"
        town.close()
        content = b"".join(place.read_bytes() for place in (town.out / "desk").iterdir())
        for text in (PERSON, OLD_PERSON, PERSON[6:14]):
            assert text.encode() not in content
            assert text not in str(answer_json(answer))

    @pytest.mark.parametrize(
        "number", ["340621198510210011", "13812345678", "６２２２０２１２３４５６７８９０１２８"]
    )
    def test_a_number_beside_a_name_or_in_an_item_is_kept_nowhere(self, town: City, number: str) -> None:
        town.night([entity(1)])
        answers = [town.ask(f"张三 {number}"), town.ask(code(1), f"食品经营（经办{number}）")]
        assert [one.code for one in answers] == ["NOT_IN_REGISTER", "ELIGIBLE"]
        assert {one["subject"] for one in town.audit.entries()} == {"张**", code(1)}
        assert number not in str([answer_json(one) for one in answers])
        town.close()
        content = b"".join(place.read_bytes() for place in (town.out / "desk").iterdir())
        assert number.encode() not in content

    def test_a_persons_name_is_masked_in_the_trail(self, town: City) -> None:
        town.night([entity(1)])
        town.ask("王小明")
        assert town.audit.entries()[0]["subject"] == "王**"


class TestNothingOfOthers:
    def test_a_document_of_a_branch_or_predecessor_is_not_shown(self, city: City) -> None:
        others = [
            blocker(1, rule="branch_serious_penalty", doc_no="分局〔2025〕1号"),
            blocker(2, rule="general_penalty_of_predecessor", doc_no="前身〔2025〕2号"),
            blocker(
                3, "HOLD_REVIEW", rule="hold_unmatched_penalties (linked_by_name)", doc_no="同名〔2025〕3号"
            ),
            blocker(4, "HOLD_REVIEW", doc_no="共有〔2025〕4号", event_on=None),
            blocker(5, "HOLD_REVIEW", doc_no="共有〔2025〕4号", event_on=None),
            # A ruling freed the branch or the predecessor itself: nobody else carries the row any more.
            blocker(7, "HOLD_REVIEW", rule="hold_quarantined_penalties_of_branch", doc_no="分部〔2025〕7号"),
            blocker(8, "HOLD_REVIEW", rule="version_conflict_of_predecessor", doc_no="旧企〔2025〕8号"),
            blocker(
                9,
                "NOT_ACTIVE_LIST",
                rule="active_blocking_list_of_predecessor:经营异常名录",
                doc_no="旧企〔2025〕9号",
            ),
        ]
        city.night(
            [entity(n, "NOT_BAD_RECORD" if n < 3 else "HOLD_REVIEW") for n in range(1, 10)],
            [*others, blocker(6, "HOLD_REVIEW", doc_no="自有〔2025〕6号")],
        )
        for number in (1, 2, 3, 4, 5, 7, 8, 9):
            answer = city.ask(code(number))
            (reason,) = answer.reasons
            assert (reason.doc_no, reason.is_of_another) == (None, True)
            assert reason.authority == "宣城市市场监督管理局"
            said = str(answer_json(answer)) + "".join(answer_row(answer))
            assert not any(
                word in said for word in ("分局", "前身〔", "同名〔", "共有〔", "分部〔", "旧企〔")
            )
        (own,) = city.ask(code(6)).reasons
        assert (own.doc_no, own.is_of_another) == ("自有〔2025〕6号", False)

    def test_the_store_never_held_it(self, town: City) -> None:
        town.night(
            [entity(1, "NOT_BAD_RECORD")],
            [blocker(1, rule="branch_serious_penalty", doc_no="分局〔2025〕1号")],
        )
        town.close()
        place = town.out / "desk" / "eligibility.sqlite"
        with sqlite3.connect(place) as connection:
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        connection.close()
        assert "分局〔2025〕1号".encode() not in place.read_bytes()

    def test_no_answer_speaks_of_class_or_points(self, town: City) -> None:
        from publish.tables import CLASS_WORDS

        town.night([entity(1, "NOT_BAD_RECORD")], [blocker(1)])

        def keys(value: Any) -> set[str]:
            if isinstance(value, dict):
                return set(value) | {key for part in value.values() for key in keys(part)}
            return {key for part in value for key in keys(part)} if isinstance(value, list) else set()

        assert not CLASS_WORDS & keys(answer_json(town.ask(code(1))))

    def test_a_look_up_imports_nothing_heavy(self, town: City) -> None:
        import subprocess
        import sys

        town.night([entity(1)])
        town.close()
        program = (
            "import sys\nfrom datetime import date\nfrom pathlib import Path\n"
            "from desk.asking import Question, ask\nfrom desk.audit import Audit, Who\n"
            "from desk.places import Places\nfrom desk.store import Store\n"
            "places = Places.of(Path(sys.argv[1]))\nstore, audit = Store(places), Audit(places)\n"
            "who = Who('os:x', 'operator', 'cli')\n"
            "print(ask(store, audit, who, [Question(sys.argv[2])], on=date(2026, 6, 30))[0].code)\naudit.close()\n"
            "print(sorted({'numpy', 'pandas', 'pyarrow', 'duckdb', 'ibis', 'fastapi'} & set(sys.modules)))\n"
        )
        told = subprocess.run(
            [sys.executable, "-c", program, str(town.out), code(1)], capture_output=True, text=True
        )
        assert told.stdout == "ELIGIBLE\n[]\n", told.stderr


class TestNames:
    @pytest.fixture
    def odd(self, city: City) -> City:
        city.night([entity(n, name=name) for n, name in enumerate(ODD)])
        return city

    def test_each_is_found_by_itself_and_by_a_part(self, odd: City) -> None:
        edition = odd.store.edition()
        for number, name in enumerate(ODD):
            assert odd.ask(name).entity is not None, name
            assert code(number) in [one.uscc for one in odd.store.search(name[1:4], edition)], name

    def test_the_whole_name_comes_first_of_many_that_hold_it(self, city: City) -> None:
        city.night([*(entity(n, name=f"宣城顺达第{n}商行") for n in range(1, 60)), entity(99, name="顺达")])
        found = city.store.search("顺达", city.store.edition(), 9)
        assert (len(found), found[0].uscc) == (9, code(99))

    def test_wild_cards_are_letters(self, odd: City) -> None:
        edition = odd.store.edition()
        assert [one.uscc for one in odd.store.search("%", edition)] == [code(6)]
        assert [one.uscc for one in odd.store.search("0%纯_棉\\", edition)] == [code(6)]
        assert odd.store.search("_", edition) == odd.store.search("纯_", edition)

    def test_by_the_beginning_of_a_code(self, odd: City) -> None:
        edition = odd.store.edition()
        assert len(odd.store.search(code(1)[:14], edition, 5)) == 5
        assert [one.uscc for one in odd.store.search(code(3).lower(), edition)] == [code(3)]
        assert odd.store.search(" ​", edition) == []

    def test_a_former_name_is_found_on_its_day_only(self, city: City) -> None:
        city.night([entity(1, name="旧名公司")])
        city.night([entity(1, name="新名公司")], as_of=DAY + timedelta(days=1))
        assert city.ask("旧名公司", on=DAY).code == "ELIGIBLE"
        assert city.ask("旧名公司", on=DAY + timedelta(days=1)).code == "NOT_IN_REGISTER"
        assert city.store.search("旧名", city.store.edition()) == []


class TestLists:
    def test_pages_are_stable_though_a_newer_list_comes(self, city: City) -> None:
        city.night([entity(n, division_code=("341802", "341881")[n % 2]) for n in range(25)])
        edition = city.store.edition()
        city.night([entity(n, "NOT_STATUS") for n in range(3, 50)], as_of=date(2026, 7, 1))
        seen, after = [], ""
        while found := city.store.page(edition, "3418", (), after, 7):
            seen += [(one.division_code, one.uscc) for one in found]
            after = f"{found[-1].division_code}.{found[-1].uscc}"
        assert seen == sorted(seen)
        assert len(seen) == len(set(seen)) == 25

    def test_by_division_and_status(self, town: City) -> None:
        town.night(
            [
                entity(1),
                entity(2, "NOT_STATUS"),
                entity(3, division_code="341700"),
                entity(4, division_code=""),
            ]
        )
        edition = town.store.edition()
        assert [one.uscc for one in town.store.page(edition, "341802", (), "", 9)] == [code(1), code(2)]
        assert [one.uscc for one in town.store.page(edition, "341802", ["NOT_STATUS"], "", 9)] == [code(2)]
        assert len(town.store.page(edition, "", (), "", 9)) == 4
        # A place before the division, in it, and behind it.
        after = [
            town.store.page(edition, "341802", (), place, 9)
            for place in ("341700.x", f"341802.{code(1)}", "341900.")
        ]
        assert [[one.uscc for one in page] for page in after] == [[code(1), code(2)], [code(2)], []]


def test_the_desks_folder_is_its_owners_alone(town: City) -> None:
    town.night([entity(1)])
    assert Path(town.places.folder).stat().st_mode & 0o777 == 0o700
