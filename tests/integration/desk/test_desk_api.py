"""The API for systems: questions one by one and many at once, search, history, lists, tokens."""

from __future__ import annotations

import csv
import io
from datetime import timedelta

import pytest
from fastapi.testclient import TestClient

from desk.clock import now
from desk.http.app import create_app
from desk.http.settings import Settings
from desk.tokens import add_token, revoke_token
from tests.integration.desk.conftest import City
from tests.integration.desk.making import code
from tests.integration.desk.site import PASSWORD, TODAY, Site


def test_one_question(site: Site) -> None:
    client, headers = site.client(), site.token("ask")
    found = client.get("/api/v1/answer", params={"applicant": code(2)}, headers=headers).json()
    assert (found["answer"], found["answer_zh"]) == ("NOT_ELIGIBLE", "不可以")
    (reason,) = found["entity"]["reasons"]
    assert reason["doc_no"] == "宣市监罚字〔2025〕2号"
    assert (reason["event_on"], reason["blocks_until"]) == ("2025-05-06", "2028-05-06")
    assert reason["citations"][0]["source"]
    assert found["entity"]["eligible_on"] == "2028-05-07"
    assert found["data"]["age_days"] == 0
    assert found["data"]["accepted_gaps"] == [{"kind": "listings", "reason": "停机"}]
    entry = site.app.state.desk.audit.by_code(found["verification_code"])
    assert (entry["subject"], entry["answer"], entry["channel"]) == (code(2), "NOT_ELIGIBLE", "api")
    assert entry["who"].startswith("token:")


@pytest.mark.parametrize(
    ("path", "detail"),
    [
        (
            "answer?aplicant=x",
            "the parameter 'aplicant' is unknown; known here: applicant, item, known_on, on",
        ),
        ("answer?applicant=x&on=2026-01-01&known=x", "the parameter 'known' is unknown"),
        ("answer?applicant=x&11010519491231002X=", "a parameter of the query is unknown"),
        ("entities?q=x&limits=1", "the parameter 'limits' is unknown; known here: limit, q"),
        (f"entities/{code(1)}/history?on=2026-01-01", "the parameter 'on' is unknown; known here: none"),
        ("divisions/34/entities?Status=ELIGIBLE_CLEAN3Y", "known here: limit, page, status"),
        ("openapi.json?x=", "the parameter 'x' is unknown; known here: none"),
    ],
)
def test_a_parameter_that_is_not_known_is_told(site: Site, path: str, detail: str) -> None:
    """Left aside, it would answer another question than was asked."""
    client, url = site.client(), f"/api/v1/{path}"
    answered = client.get(url, headers=site.token("ask", "search", "history", "list"))
    assert answered.status_code == 400
    assert answered.json()["type"] == "urn:creditgrade:problem:unknown_parameter"
    assert detail in answered.json()["detail"]
    assert "11010519491231002X" not in answered.text
    assert client.get(url).status_code == 401  # whom it does not know, it tells nothing


def test_a_parameter_that_stands_twice_is_told(site: Site) -> None:
    client, token = site.client(), site.token("ask")
    asked = {"applicant": [code(1), code(2)]}
    refused = client.get("/api/v1/answer", params=asked, headers=token)
    assert (refused.status_code, refused.json()["detail"]) == (400, "the parameter 'applicant' stands twice")
    listed = {"status": ["HOLD_REVIEW", "NOT_BAD_RECORD"]}
    found = client.get("/api/v1/divisions/3418/entities", params=listed, headers=site.token("list"))
    assert len(found.json()["entities"]) == 2


def test_many_as_json(site: Site) -> None:
    questions = [{"applicant": code(1), "item": "排污许可"}, {"applicant": "顺达商行"}, {"applicant": ""}]
    answered = site.client().post(
        "/api/v1/answers", json={"questions": questions}, headers=site.token("batch")
    )
    assert [one["answer"] for one in answered.json()["answers"]] == [
        "EXCLUDED_ITEM",
        "AMBIGUOUS",
        "MALFORMED",
    ]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_many_as_csv(site: Site, encoding: str) -> None:
    upload = "名称,许可事项\n顺达商行,\n=1+1,\n,\n宣城第1商贸公司,出版物零售\n"
    answered = site.client().post(
        "/api/v1/answers.csv", content=upload.encode(encoding), headers=site.token("batch")
    )
    rows = list(csv.DictReader(io.StringIO(answered.content.decode("utf-8-sig"))))
    assert [(row["asked"], row["answer"]) for row in rows] == [
        ("顺达商行", "AMBIGUOUS"), ("'=1+1", "NOT_IN_REGISTER"), ("宣城第1商贸公司", "ELIGIBLE"),
    ]  # fmt: skip


@pytest.mark.parametrize("separator", [",", ";", "\t"])
@pytest.mark.parametrize("start", ["", "\n", ",;\t\n", "\ufeff"])
def test_the_header_shows_what_separates_the_columns(site: Site, separator: str, start: str) -> None:
    rows = (
        ("备注", '"统一社会\n信用代码"', "许可事项"), ("a", code(1), '"食品销售,出版物;零售\t等"'),
        ("b", code(1), "危险化学品"),
    )  # fmt: skip
    upload = start + "".join(f"{separator.join(row)}\r\n" for row in rows)
    answered = site.client().post("/api/v1/answers.csv", content=upload.encode(), headers=site.token("batch"))
    told = list(csv.DictReader(io.StringIO(answered.content.decode("utf-8-sig"))))
    assert [row["answer"] for row in told] == ["ELIGIBLE", "EXCLUDED_ITEM"], answered.text


@pytest.mark.parametrize(
    ("upload", "rule"),
    [
        (b"", "no_header"), (b"a,b\n1,2\n", "no_header"), (b'uscc\n"open\n', "row_shape"), (b"PK\3\4", "not_csv"),
        (b"uscc\n\xff\xff\xff\xff\n", "undecodable"),
        (f"uscc,item\n{code(1)},食品销售,危险化学品\n".encode(), "row_shape"),
        (f"{code(1)},食品销售,危险化学品\n".encode(), "row_shape"),
        (f"uscc;item\n{code(1)};食品销售;危险化学品\n".encode(), "row_shape"),
        (f"{code(1)};食品销售\n".encode(), "no_header"), (b"a;b\n1;2\n", "no_header"), (b";;\n\t,\n", "no_header"),
    ],
)  # fmt: skip
def test_a_file_that_cannot_be_read_is_refused_as_a_whole(site: Site, upload: bytes, rule: str) -> None:
    before = site.app.state.desk.audit.head().entries
    answered = site.client().post("/api/v1/answers.csv", content=upload, headers=site.token("batch"))
    assert (answered.status_code, answered.json()["type"]) == (400, f"urn:creditgrade:problem:{rule}")
    assert site.app.state.desk.audit.head().entries == before


def test_search_and_history(site: Site) -> None:
    client, headers = site.client(), site.token("search", "history")
    found = client.get("/api/v1/entities", params={"q": "顺达"}, headers=headers).json()
    assert [one["uscc"] for one in found["found"]] == [code(5), code(6)]
    cut = client.get("/api/v1/entities", params={"q": "宣城", "limit": 3}, headers=headers).json()
    assert (len(cut["found"]), cut["is_cut"]) == (3, True)
    told = client.get(f"/api/v1/entities/{code(2)}/history", headers=headers).json()
    assert [one["status"] for one in told["periods"]] == ["NOT_BAD_RECORD"]
    assert client.get(f"/api/v1/entities/{code(9)}/history", headers=headers).status_code == 404
    assert client.get("/api/v1/entities/x/history", headers=headers).status_code == 400


def test_a_division_page_by_page(site: Site) -> None:
    client, headers = site.client(), site.token("list")
    seen, page = [], ""
    while True:
        params = {"limit": "7", "page": page}
        body = client.get("/api/v1/divisions/341881/entities", params=params, headers=headers).json()
        seen += [one["uscc"] for one in body["entities"]]
        if not (page := body["next"] or ""):
            break
    assert seen == [code(n) for n in range(10, 40)]
    for bad in ("x", "MS4", "OTkuMzQuOTE="):
        answered = client.get("/api/v1/divisions/34/entities", params={"page": bad}, headers=headers)
        assert (answered.status_code, answered.json()["title"]) == (400, "bad page")
    mistyped = client.get("/api/v1/divisions/34/entities?status=ELIGIBLE", headers=headers)
    assert (mistyped.status_code, mistyped.json()["title"]) == (400, "unknown status")
    assert "'ELIGIBLE' is unknown: ELIGIBLE_CLEAN3Y" in mistyped.json()["detail"]


def test_health_and_readiness_tell_the_age(site: Site) -> None:
    client = site.client()
    assert client.get("/health").json() == {"status": "ok"}
    assert client.get("/ready").json() == {
        "status": "ready", "as_of": TODAY.isoformat(), "age_days": 0, "max_age_days": 7,
    }  # fmt: skip


def test_a_desk_without_a_list_is_not_ready(town: City) -> None:
    app = create_app(Settings(town.places, is_plain_http=True))
    with TestClient(app) as client:
        assert (client.get("/ready").status_code, client.get("/ready").json()["status"]) == (503, "empty")
        _, secret = add_token(app.state.desk.access, "x", ["ask"], 1)
        answered = client.get("/api/v1/answer?applicant=x", headers={"Authorization": f"Bearer {secret}"})
        assert (answered.status_code, answered.json()["title"]) == (503, "desk empty")


def test_an_error_repeats_nothing_of_what_was_sent(site: Site) -> None:
    person = "11010519491231002X"
    answered = site.client().get(
        "/api/v1/answer", params={"applicant": "x", "on": person}, headers=site.token("ask")
    )
    assert answered.status_code == 422
    assert person not in answered.text


def test_tokens_end(site: Site) -> None:
    access = site.app.state.desk.access
    token, secret = add_token(access, "short", ["ask"], 1)
    headers = {"Authorization": f"Bearer {secret}"}
    client = site.client()
    assert client.get("/api/v1/answer?applicant=x", headers=headers).status_code == 200
    revoke_token(access, token.id)
    assert client.get("/api/v1/answer?applicant=x", headers=headers).status_code == 401
    content = b"".join(place.read_bytes() for place in site.city.places.folder.glob("access.sqlite*"))
    assert secret.encode() not in content
    assert PASSWORD.encode() not in content


def test_a_token_that_has_expired(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    headers = site.token("ask")
    monkeypatch.setattr("desk.tokens.now", lambda: now() + timedelta(days=2))
    assert site.client().get("/api/v1/answer?applicant=x", headers=headers).status_code == 401
