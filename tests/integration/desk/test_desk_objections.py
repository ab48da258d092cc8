"""Objections (异议): filed at the counter, worked off by a supervisor."""

from __future__ import annotations

import csv
import re
from datetime import timedelta
from pathlib import Path

from fastapi.testclient import TestClient
from sqlalchemy import update

from desk import objections
from desk.clock import now
from desk.databases import migrate, open_engine, writing
from desk.schema import OBJECTIONS
from desk.users import add_user
from policy import load_policy
from tests.integration.desk.conftest import City
from tests.integration.desk.making import code, entity
from tests.integration.desk.site import PASSWORD, TODAY, Site, certified


def test_an_objection_becomes_a_landing_file_that_the_intake_takes(site: Site) -> None:
    client, csrf, place = objected(site, code(3), "该处罚不是本公司")
    page = client.get(place).text
    due_on = load_policy().holidays.add_working_days(TODAY, 7)
    assert due_on.isoformat() in page and "待处理" in page
    assert client.post(f"{place}/rejection", data={"csrf": csrf, "outcome": "x"}).status_code == 403
    boss, token = site.signed_in("supervisor")
    assert place in boss.get("/objections").text
    ruling = {
        "csrf": token, "kind": "penalties", "authority": "宣城市市场监督管理局", "doc_no": "宣市监罚字〔2025〕3号",
        "conclusion": "不涉及该主体", "decided_by": "宣城市发展和改革委员会", "basis": "档案核对，问13812345678",
    }  # fmt: skip
    assert "不是待核查事项" not in boss.get(place).text
    assert boss.post(f"{place}/ruling", data={**ruling, "basis": " "}).status_code == 400
    assert not site.rulings.exists()
    assert boss.post(f"{place}/ruling", data=ruling).status_code == 303
    assert "已作出复核结论" in client.get(place).text
    assert boss.post(f"{place}/ruling", data=ruling).status_code == 409
    (file,) = site.rulings.iterdir()
    assert "档案核对，问[电话]" in file.read_text(encoding="utf-8-sig")
    is_taken_in(site.rulings.parent, file)


def objected(site: Site, applicant: str, reason: str) -> tuple[TestClient, str, str]:
    """The counter's objection to the first record of an answer: the client, its csrf, the page."""
    client, csrf = site.signed_in("desk")
    asked = {"csrf": csrf, "code": certified(client, csrf, applicant), "reason": reason, "about": "0"}
    place: str = client.post("/objections", data=asked).headers["location"]
    return client, csrf, place


def test_a_record_that_counts_is_no_matter_for_a_ruling(site: Site) -> None:
    client, _, place = objected(site, code(2), "已撤销")
    boss, token = site.signed_in("supervisor")
    assert "不是待核查事项" in boss.get(place).text and "不是待核查事项" not in client.get(place).text
    ruling = {
        "csrf": token, "kind": "penalties", "authority": "宣城市市场监督管理局", "doc_no": "宣市监罚字〔2025〕2号",
        "conclusion": "不成立", "decided_by": "宣城市发展和改革委员会", "basis": "档案核对",
    }  # fmt: skip
    assert boss.post(f"{place}/ruling", data=ruling).status_code == 303
    assert "不是待核查事项" in client.get(place).text


def test_a_record_without_a_number_is_named_by_its_file_and_row(site: Site) -> None:
    _, _, place = objected(site, code(80), "无此处罚")
    boss, token = site.signed_in("supervisor")
    form = boss.get(place).text
    fields = set(re.findall(r'name="(\w+)"', form.partition("作出复核结论</h2>")[2].partition("</form>")[0]))
    assert {"authority", "doc_no", "source_sha256", "source_row"} <= fields
    assert "其中任何一项未能读出的，填写来源文件" in form
    needed = {
        "csrf": token,
        "kind": "penalties",
        "conclusion": "不成立",
        "decided_by": "市发展改革委",
        "basis": "核对",
    }
    sha256 = "0f" * 32
    for incomplete in (
        {}, {"doc_no": "宣市监罚字〔2025〕80号"}, {"source_sha256": sha256}, {"source_row": "7"},
        {"source_sha256": sha256[:-1], "source_row": "7"}, {"source_sha256": sha256, "source_row": "第7行"},
        {"source_sha256": sha256, "source_row": "0"},
    ):  # fmt: skip
        refused = boss.post(f"{place}/ruling", data={**needed, **incomplete})
        assert refused.status_code == 400 and "或者来源文件" in refused.text, incomplete
    before = set(site.rulings.iterdir()) if site.rulings.exists() else set()
    named = {
        **needed,
        "authority": "",
        "doc_no": "",
        "source_sha256": f" {sha256.upper()} ",
        "source_row": "7",
    }
    assert boss.post(f"{place}/ruling", data=named).status_code == 303
    (file,) = set(site.rulings.iterdir()) - before
    with open(file, encoding="utf-8-sig", newline="") as text:
        (row,) = csv.DictReader(text)
    assert (row["来源文件"], row["来源行"], row["作出机关"], row["决定文书号"]) == (sha256, "7", "", "")


def is_taken_in(landing: Path, file: Path) -> None:
    from flows.stages.ingest import ingest

    register = "uscc,name,entity_type,status,established_on,division_code"
    (landing / "entities").mkdir()
    (landing / "entities" / "e.csv").write_text(f"{register}\n{code(3)},公司,企业,存续,2020-01-01,341802\n")
    intake = ingest(
        landing, landing.parent / "lake", load_policy(), today=TODAY, now=now(), known_by=None, accept_refused=[],
        datadocs=landing.parent / "datadocs",
    )  # fmt: skip
    (delivery,) = (one for one in intake.deliveries if one.kind == "rulings")
    assert (delivery.path, delivery.refused_rule) == (f"rulings/{file.name}", None)
    assert (delivery.record["rows_read"], delivery.record["accepted"]) == (1, 1), delivery.record


def test_an_objection_is_rejected_with_reasons(site: Site) -> None:
    client, csrf = site.signed_in("desk")
    filed = client.post(
        "/objections",
        data={
            "csrf": csrf,
            "code": certified(client, csrf, code(2)),
            "reason": "不同意 11010519491231002X",
            "about": "-1",
        },
    )
    boss, token = site.signed_in("supervisor")
    place = filed.headers["location"]
    assert boss.post(f"{place}/rejection", data={"csrf": token, "outcome": " "}).status_code == 400
    assert boss.post(f"{place}/rejection", data={"csrf": token, "outcome": "处罚决定有效"}).status_code == 303
    shown = client.get(place).text
    assert "处罚决定有效" in shown and "19491231" not in shown
    assert boss.post(f"{place}/rejection", data={"csrf": token, "outcome": "再次"}).status_code == 400


def test_another_counters_objections_and_files_are_not_shown(site: Site) -> None:
    client, csrf = site.signed_in("desk")
    place = client.post(
        "/objections",
        data={"csrf": csrf, "code": certified(client, csrf, code(2)), "reason": "x", "about": "-1"},
    ).headers["location"]
    upload = {"file": ("ids.csv", f"uscc\n{code(1)}\n".encode())}
    batch = client.post("/batches", data={"csrf": csrf}, files=upload).headers["location"]
    add_user(site.app.state.desk.access, "colleague", "desk", PASSWORD)
    other = site.client()
    other.post("/login", data={"name": "colleague", "password": PASSWORD})
    assert other.get(place).status_code == 404
    assert other.get(batch).status_code == other.get(f"{batch}/answers.csv").status_code == 404


def test_the_queue_is_in_order_of_deadlines_and_then_the_newest_settled(city: City) -> None:
    city.night([entity(1)], [])
    city.places.make_folder()
    access = open_engine(city.places.access)
    migrate(access, "access")
    edition, calendar = city.store.edition(), load_policy().holidays
    found = city.store.entity(code(1), edition)
    assert found is not None
    made = [
        objections.file_objection(
            access, calendar, edition, found, record={}, reason=f"第{n}行\n\n另一行", by=f"u{n % 2}"
        )
        for n in range(6)
    ]
    for number, days in ((0, 3), (1, -1), (2, 1)):
        due_on = {"due_on": (TODAY + timedelta(days=days)).isoformat()}
        with writing(access) as connection:
            connection.execute(update(OBJECTIONS).where(OBJECTIONS.c.id == made[number].id).values(due_on))
    for number in (4, 3, 5):
        objections.settle(access, made[number].id, objections.REJECTED, by="boss", outcome="不予支持")
    listed = objections.objections(access)
    assert [one.id for one in listed] == [made[n].id for n in (1, 2, 0, 5, 3, 4)]
    assert listed[0].reason == "第1行\n\n另一行"
    assert objections.count_open(access, TODAY) == (3, 1)
    assert objections.count_open(access, TODAY, filed_by="u0") == (2, 0)
    assert len(objections.objections(access, limit=2)) == 2
    access.dispose()


def test_the_queue_says_what_each_is_about_and_how_many_wait(site: Site) -> None:
    client, csrf = site.signed_in("desk")
    data = {"csrf": csrf, "code": certified(client, csrf, code(2)), "reason": "x", "about": "0"}
    assert client.post("/objections", data=data).status_code == 303
    boss, _ = site.signed_in("supervisor")
    text = boss.get("/objections?state=open").text
    assert "一般处罚" in text and "宣市监罚字〔2025〕2号" in text
    waiting, _ = objections.count_open(site.app.state.desk.access, TODAY)
    assert f"待处理 <strong>{waiting}</strong> 件" in text
