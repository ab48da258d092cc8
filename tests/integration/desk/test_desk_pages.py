"""The pages: certificates, files with progress, the auditor's and the administrator's work, language."""

from __future__ import annotations

import re
import time
from datetime import timedelta

from desk.users import add_user
from tests.integration.desk.making import code
from tests.integration.desk.site import PASSWORD, TODAY, Site, certified, csrf_of


def test_a_certificate_can_be_checked(site: Site) -> None:
    client, csrf = site.signed_in("desk")
    code_ = certified(client, csrf, code(2))
    assert "不可以" in client.get(f"/certificates/{code_}").text
    checked = client.get("/verify", params={"code": code_.lower().replace("-", " ").replace("0", "o")}).text
    assert "凭证属实" in checked and code(2) in checked
    assert "没有这个核验码" in client.get("/verify", params={"code": "AAAA-BBBB-CCCC"}).text


def test_a_pasted_item_is_never_cut_but_refused_in_words(site: Site) -> None:
    client, csrf = site.signed_in("desk")
    assert "maxlength" not in client.get("/").text.partition('id="item"')[2].partition(">")[0]
    for length in (196, 5_000):
        asked = {"csrf": csrf, "applicant": code(1), "item": "食" * length + "危险化学品"}
        answer = client.post("/ask", data=asked)
        assert answer.status_code == 200
        assert "无法识别" in answer.text and "许可事项过长（最多200字）" in answer.text


def test_a_list_of_one_name_says_where_it_ends(site: Site) -> None:
    client, csrf = site.signed_in("desk")
    many = client.post("/ask", data={"csrf": csrf, "applicant": "众多商行"}).text
    assert many.count('name="chosen"') == 20 and "不止以上所列" in many
    assert "不止以上所列" not in client.post("/ask", data={"csrf": csrf, "applicant": "顺达商行"}).text


def test_a_certificate_of_another_day_says_so(site: Site) -> None:
    asked = {"applicant": code(1), "on": (TODAY + timedelta(days=3)).isoformat()}
    answer = site.client().get("/api/v1/answer", params=asked, headers=site.token("ask")).json()
    client, csrf = site.signed_in("desk")
    page = client.get(f"/certificates/{answer['verification_code']}").text
    assert "所问日期" in page and "距所问日期" in page and "距今" not in page
    assert "所问日期" in client.get("/verify", params={"code": answer["verification_code"]}).text
    today = client.get(f"/certificates/{certified(client, csrf, code(1))}").text
    assert "所问日期" not in today and "距今" in today


def test_a_file_is_answered_with_progress(site: Site) -> None:
    client, csrf = site.signed_in("desk")
    rows = "uscc,item\n" + "".join(f"{code(n % 40)},\n" for n in range(2_500))
    batch = client.post("/batches", data={"csrf": csrf}, files={"file": ("ids.csv", rows.encode())})
    place = batch.headers["location"]
    deadline = time.monotonic() + 60
    while "answers.csv" not in client.get(place, headers={"hx-request": "true"}).text:
        assert time.monotonic() < deadline
        time.sleep(0.1)
    answers = client.get(f"{place}/answers.csv").content.decode("utf-8-sig")
    assert len(answers.splitlines()) == 2_501


def test_the_auditor_reads_verifies_and_exports(site: Site) -> None:
    client, csrf = site.signed_in("auditor")
    assert "sign_in" in client.get("/audit").text
    assert "链条完整" in client.post("/audit/verification", data={"csrf": csrf}).text
    exported = client.get("/audit/export.csv").content.decode("utf-8-sig")
    assert exported.startswith("seq,at,who")


def test_the_administrator_keeps_the_accounts(site: Site) -> None:
    client, csrf = site.signed_in("administrator")
    made = {"csrf": csrf, "name": "novice", "role": "desk", "password": PASSWORD}
    assert client.post("/accounts", data=made).status_code == 303
    assert client.post("/accounts", data=made).status_code == 400
    assert client.post("/accounts/novice", data={"csrf": csrf, "act": "close"}).status_code == 303
    assert client.post("/accounts/administrator", data={"csrf": csrf, "act": "close"}).status_code == 409
    weak = {**made, "name": "weakling", "password": "aaaaaaaaaaaa"}
    assert client.post("/accounts", data=weak).status_code == 400


def test_a_password_is_changed(site: Site) -> None:
    access = site.app.state.desk.access
    add_user(access, "changer", "desk", PASSWORD)
    client = site.client()
    client.post("/login", data={"name": "changer", "password": PASSWORD})
    csrf = csrf_of(client.get("/password"))
    new = "another horse entirely"
    assert client.post("/password", data={"csrf": csrf, "present": "wrong", "new": new}).status_code == 403
    assert client.post("/password", data={"csrf": csrf, "present": PASSWORD, "new": new}).status_code == 303
    assert client.get("/").headers["location"] == "/login"


def test_english_by_a_switch(site: Site) -> None:
    client, _ = site.signed_in("desk")
    assert "该申请人可以适用快速通道吗" in client.get("/").text
    client.get("/language/en?to=/")
    assert "May this applicant be fast-tracked?" in client.get("/").text


def test_the_pages_ask_no_outside_address(site: Site) -> None:
    client, _ = site.signed_in("supervisor")
    pages = [
        client.get(path).text for path in ("/", "/batches", "/objections", "/verify", f"/entities/{code(2)}")
    ]
    for text in pages:
        assert not re.search(r'(src|href|action|hx-\w+)="(https?:)?//', text)
        assert " style=" not in text and "<style" not in text and " onclick" not in text
