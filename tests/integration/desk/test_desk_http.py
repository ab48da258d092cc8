"""The API and the pages over HTTP: who may do what, sessions, forms, limits, and what is answered."""

from __future__ import annotations

import csv
import io
import re
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from httpx import Response

from desk.clock import day_of, now
from desk.databases import migrate, open_engine
from desk.http.app import create_app
from desk.http.routes import api_routes, permission_of
from desk.http.settings import Settings
from desk.permissions import ROLES, SCOPES, May
from desk.tokens import add_token, revoke_token
from desk.users import add_user, change_user
from policy import load_policy
from tests.integration.desk.conftest import City
from tests.integration.desk.making import blocker, code, entity

PASSWORD = "correct horse battery"
TODAY = day_of(now())


@dataclass
class Site:
    """A running desk."""

    app: FastAPI
    city: City
    rulings: Path

    def client(self) -> TestClient:
        # All browsers of these tests have one address: a new one finds the bucket of its sign-ins full.
        self.app.state.desk.limits._buckets.pop(("sign_in", "testclient"), None)
        return TestClient(self.app, follow_redirects=False)

    def signed_in(self, role: str) -> tuple[TestClient, str]:
        """A browser of that role, and its form's token."""
        client = self.client()
        assert client.post("/login", data={"name": role, "password": PASSWORD}).status_code == 303
        return client, csrf_of(client.get("/password"))

    def token(self, *scopes: str) -> dict[str, str]:
        _, secret = add_token(self.app.state.desk.access, "a system", scopes, 1)
        return {"Authorization": f"Bearer {secret}"}


def csrf_of(response: Response) -> str:
    found = re.search('name="csrf" value="([^"]+)"', response.text)
    assert found, response.status_code
    return found[1]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    from desk.places import Places

    out = tmp_path_factory.mktemp("site") / "out"
    out.mkdir()
    city = City(out, Places.of(out))
    gap = {"kind": "listings", "reason": "停机"}
    city.night(
        [
            entity(1), entity(2, "NOT_BAD_RECORD", eligible_on=date(2028, 5, 7)), entity(3, "HOLD_REVIEW"),
            entity(4, name="<script>alert(1)</script>公司"), entity(5, name="顺达商行"), entity(6, name="顺达商行"),
            *(entity(n, division_code="341881") for n in range(10, 40)),
        ],
        [blocker(2), blocker(3, "HOLD_REVIEW", blocks_until=None)],
        as_of=TODAY, now=now(), gaps=[gap],
    )  # fmt: skip
    city.places.make_folder()
    access = open_engine(city.places.access)
    migrate(access, "access")
    for role in ROLES:
        add_user(access, role, role, PASSWORD)
    access.dispose()
    rulings = out / "landing" / "rulings"
    app = create_app(Settings(city.places, rulings=rulings, is_plain_http=True))
    with TestClient(app):
        yield Site(app, city, rulings)
    city.close()


class TestMatrix:
    """Every route × every role and scope, made from the routes: a new route is tested without a line here."""

    def test_every_route_is_classified(self, site: Site) -> None:
        for route in api_routes(site.app):
            assert permission_of(route) == "open" or isinstance(permission_of(route), May | None)

    def test_an_unclassified_route_does_not_start(self) -> None:
        from desk.http.routes import check_routes

        app = FastAPI(openapi_url=None, docs_url=None, redoc_url=None)
        app.add_api_route("/secret", lambda: "x")
        with pytest.raises(RuntimeError, match="/secret names 0 permissions"):
            check_routes(app)

    def test_nothing_but_health_is_open(self, site: Site) -> None:
        client = site.client()
        for route, method in routes(site.app):
            answered = client.request(method, filled(route.path))
            if permission_of(route) == "open":
                assert answered.status_code not in (403,), route.path
            elif route.path.startswith("/api/"):
                assert answered.status_code == 401, route.path
                assert answered.headers["content-type"] == "application/problem+json"
            else:
                assert (answered.status_code, answered.headers["location"]) == (303, "/login"), route.path
        assert client.get("/api/v1/openapi.json").status_code == 401
        assert client.get("/docs").status_code == client.get("/openapi.json").status_code == 404

    @pytest.mark.parametrize("role", sorted(ROLES))
    def test_each_role_gets_exactly_its_own(self, site: Site, role: str) -> None:
        client, csrf = site.signed_in(role)
        for route, method in routes(site.app):
            permission = permission_of(route)
            if permission == "open" or route.path in ("/logout", "/password"):
                continue
            answered = client.request(method, filled(route.path), headers={"x-csrf-token": csrf})
            is_allowed = permission is None or permission in ROLES[role]
            assert (answered.status_code != 403) is is_allowed, (method, route.path, answered.status_code)
            assert answered.status_code < 500, (method, route.path)

    @pytest.mark.parametrize("scope", sorted(SCOPES))
    def test_each_scope_gets_exactly_its_own(self, site: Site, scope: str) -> None:
        client, headers = site.client(), site.token(scope)
        for route, method in routes(site.app):
            permission = permission_of(route)
            if permission == "open":
                continue
            answered = client.request(method, filled(route.path), headers=headers)
            is_allowed = route.path.startswith("/api/") and (permission is None or permission == scope)
            assert (answered.status_code != 403) is is_allowed, (method, route.path, answered.status_code)


def routes(app: FastAPI) -> Iterator[tuple[Any, str]]:
    for route in api_routes(app):
        for method in sorted(route.methods or ()):
            yield route, method


def filled(path: str) -> str:
    values = {"uscc": code(1), "division": "34", "code": "X", "id_": "x", "name": "x", "language": "zh"}
    return re.sub(r"\{(\w+)\}", lambda match: values[match[1]], path)


class TestApi:
    def test_one_question(self, site: Site) -> None:
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

    def test_many_as_json(self, site: Site) -> None:
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
    def test_many_as_csv(self, site: Site, encoding: str) -> None:
        upload = "名称,许可事项\n顺达商行,\n=1+1,\n,\n宣城第1商贸公司,出版物零售\n"
        answered = site.client().post(
            "/api/v1/answers.csv", content=upload.encode(encoding), headers=site.token("batch")
        )
        rows = list(csv.DictReader(io.StringIO(answered.content.decode("utf-8-sig"))))
        assert [(row["asked"], row["answer"]) for row in rows] == [
            ("顺达商行", "AMBIGUOUS"), ("'=1+1", "NOT_IN_REGISTER"), ("宣城第1商贸公司", "ELIGIBLE"),
        ]  # fmt: skip

    @pytest.mark.parametrize(
        ("upload", "rule"),
        [
            (b"", "no_header"), (b"a,b\n1,2\n", "no_header"), (b'uscc\n"open\n', "row_shape"), (b"PK\3\4", "not_csv"),
            (b"uscc\n\xff\xff\xff\xff\n", "undecodable"),
        ],
    )  # fmt: skip
    def test_a_file_that_cannot_be_read_is_refused_as_a_whole(
        self, site: Site, upload: bytes, rule: str
    ) -> None:
        before = site.app.state.desk.audit.head().entries
        answered = site.client().post("/api/v1/answers.csv", content=upload, headers=site.token("batch"))
        assert (answered.status_code, answered.json()["type"]) == (400, f"urn:creditgrade:problem:{rule}")
        assert site.app.state.desk.audit.head().entries == before

    def test_search_and_history(self, site: Site) -> None:
        client, headers = site.client(), site.token("search", "history")
        found = client.get("/api/v1/entities", params={"q": "顺达"}, headers=headers).json()
        assert [one["uscc"] for one in found["found"]] == [code(5), code(6)]
        cut = client.get("/api/v1/entities", params={"q": "宣城", "limit": 3}, headers=headers).json()
        assert (len(cut["found"]), cut["is_cut"]) == (3, True)
        told = client.get(f"/api/v1/entities/{code(2)}/history", headers=headers).json()
        assert [one["status"] for one in told["periods"]] == ["NOT_BAD_RECORD"]
        assert client.get(f"/api/v1/entities/{code(9)}/history", headers=headers).status_code == 404
        assert client.get("/api/v1/entities/x/history", headers=headers).status_code == 400

    def test_a_division_page_by_page(self, site: Site) -> None:
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

    def test_health_and_readiness_tell_the_age(self, site: Site) -> None:
        client = site.client()
        assert client.get("/health").json() == {"status": "ok"}
        assert client.get("/ready").json() == {
            "status": "ready", "as_of": TODAY.isoformat(), "age_days": 0, "max_age_days": 7,
        }  # fmt: skip

    def test_a_desk_without_a_list_is_not_ready(self, town: City) -> None:
        app = create_app(Settings(town.places, is_plain_http=True))
        with TestClient(app) as client:
            assert (client.get("/ready").status_code, client.get("/ready").json()["status"]) == (503, "empty")
            _, secret = add_token(app.state.desk.access, "x", ["ask"], 1)
            answered = client.get("/api/v1/answer?applicant=x", headers={"Authorization": f"Bearer {secret}"})
            assert (answered.status_code, answered.json()["title"]) == (503, "desk empty")

    def test_an_error_repeats_nothing_of_what_was_sent(self, site: Site) -> None:
        person = "11010519491231002X"
        answered = site.client().get(
            "/api/v1/answer", params={"applicant": "x", "on": person}, headers=site.token("ask")
        )
        assert answered.status_code == 422
        assert person not in answered.text

    def test_tokens_end(self, site: Site) -> None:
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

    def test_a_token_that_has_expired(self, site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
        headers = site.token("ask")
        monkeypatch.setattr("desk.tokens.now", lambda: now() + timedelta(days=2))
        assert site.client().get("/api/v1/answer?applicant=x", headers=headers).status_code == 401


class TestSafety:
    def test_headers(self, site: Site) -> None:
        for path in ("/login", "/health", "/static/desk.css", "/api/v1/answer"):
            headers = site.client().get(path).headers
            assert headers["content-security-policy"].startswith(
                "default-src 'none'; script-src 'self'; style-src 'self'"
            )
            assert headers["x-content-type-options"] == "nosniff"
            assert headers["x-frame-options"] == "DENY"
            assert ("no-store" in headers["cache-control"]) is not path.startswith("/static/")

    def test_tls_is_demanded_unless_told_otherwise(self, site: Site) -> None:
        app = create_app(Settings(site.city.places))
        with TestClient(app, base_url="https://desk", follow_redirects=False) as client:
            answered = client.post("/login", data={"name": "desk", "password": PASSWORD})
            assert "strict-transport-security" in answered.headers
            cookie = answered.headers["set-cookie"].lower()
            assert all(part in cookie for part in ("httponly", "secure", "samesite=strict"))

    def test_a_form_without_its_token_is_refused(self, site: Site) -> None:
        client, csrf = site.signed_in("desk")
        for data in (
            {"applicant": code(1)},
            {"applicant": code(1), "csrf": "x"},
            {"applicant": code(1), "csrf": ""},
        ):
            assert client.post("/ask", data=data).status_code == 403
        assert client.post("/ask", data={"applicant": code(1), "csrf": csrf}).status_code == 200
        assert client.post("/api/v1/answers", json={"questions": [{"applicant": "x"}]}).status_code == 403

    def test_a_form_of_another_site_is_refused(self, site: Site) -> None:
        client, csrf = site.signed_in("desk")
        data = {"applicant": code(1), "csrf": csrf}
        for headers in ({"origin": "https://evil.example"}, {"sec-fetch-site": "cross-site"}):
            assert client.post("/ask", data=data, headers=headers).status_code == 403
            login = {"name": "desk", "password": PASSWORD}
            assert site.client().post("/login", data=login, headers=headers).status_code == 403

    def test_five_wrong_passwords_lock_the_account(self, site: Site) -> None:
        access = site.app.state.desk.access
        add_user(access, "locked", "desk", PASSWORD)
        limits = site.app.state.desk.limits
        for _ in range(5):
            limits._buckets.clear()
            answered = site.client().post("/login", data={"name": "locked", "password": "wrong"})
            assert answered.status_code == 401
        limits._buckets.clear()
        right = {"name": "locked", "password": PASSWORD}
        assert site.client().post("/login", data=right).status_code == 401
        change_user(access, "locked", unlock=True)
        assert site.client().post("/login", data=right).status_code == 303
        limits._buckets.clear()

    def test_too_many_sign_ins_from_one_place(self, site: Site) -> None:
        client = site.client()
        limits = site.app.state.desk.limits
        limits._buckets.clear()
        assert client.post("/login", data={"name": "nobody", "password": "x"}).status_code == 401
        bucket = limits._buckets["sign_in", "testclient"]
        assert bucket.left < bucket.size
        bucket.left, bucket.at = 0.0, time.monotonic()
        answered = client.post("/login", data={"name": "desk", "password": PASSWORD})
        limits._buckets.clear()
        assert answered.status_code == 429

    def test_too_many_questions(self, site: Site) -> None:
        client, csrf = site.signed_in("desk")
        limits = site.app.state.desk.limits
        limits.wait("user", "desk", 10_000)
        answered = client.post("/ask", data={"applicant": "x", "csrf": csrf})
        limits._buckets.clear()
        assert answered.status_code == 429
        assert int(answered.headers["retry-after"]) > 0

    def test_a_session_ends(self, site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
        client, csrf = site.signed_in("desk")
        monkeypatch.setattr("desk.sessions.now", lambda: now() + timedelta(minutes=31))
        assert client.get("/").headers.get("location") == "/login"
        monkeypatch.undo()
        assert client.post("/logout", data={"csrf": csrf}).status_code == 303
        assert client.get("/").headers.get("location") == "/login"

    def test_a_changed_account_is_out_at_once(self, site: Site) -> None:
        access = site.app.state.desk.access
        add_user(access, "leaver", "desk", PASSWORD)
        client = site.client()
        client.post("/login", data={"name": "leaver", "password": PASSWORD})
        assert client.get("/").status_code == 200
        change_user(access, "leaver", is_active=False)
        assert client.get("/").headers.get("location") == "/login"
        assert client.post("/login", data={"name": "leaver", "password": PASSWORD}).status_code == 401

    def test_names_cannot_run(self, site: Site) -> None:
        client, csrf = site.signed_in("desk")
        for text in (
            client.post("/ask", data={"applicant": code(4), "csrf": csrf}).text,
            client.get(f"/entities/{code(4)}").text,
        ):
            assert "<script>alert" not in text
            assert "&lt;script&gt;alert" in text
        found = client.post("/suggest", data={"applicant": "<script>", "csrf": csrf}).text
        assert "&lt;script&gt;alert" in found

    def test_the_language_leads_nowhere_else(self, site: Site) -> None:
        for to in ("//evil.example", "https://evil.example", "/\\evil.example"):
            assert site.client().get("/language/en", params={"to": to}).headers["location"] == "/"


class TestPages:
    def ask(self, client: TestClient, csrf: str, applicant: str) -> str:
        text = client.post("/ask", data={"applicant": applicant, "csrf": csrf}).text
        found = re.search(r"/certificates/([0-9A-Z-]+)", text)
        assert found
        return found[1]

    def test_a_certificate_can_be_checked(self, site: Site) -> None:
        client, csrf = site.signed_in("desk")
        code_ = self.ask(client, csrf, code(2))
        assert "不可以" in client.get(f"/certificates/{code_}").text
        checked = client.get(
            "/verify", params={"code": code_.lower().replace("-", " ").replace("0", "o")}
        ).text
        assert "凭证属实" in checked and code(2) in checked
        assert "没有这个核验码" in client.get("/verify", params={"code": "AAAA-BBBB-CCCC"}).text

    def test_an_objection_becomes_a_landing_file_that_the_intake_takes(self, site: Site) -> None:
        client, csrf = site.signed_in("desk")
        code_ = self.ask(client, csrf, code(3))
        filed = client.post(
            "/objections", data={"csrf": csrf, "code": code_, "reason": "该处罚不是本公司", "about": "0"}
        )
        place = filed.headers["location"]
        page = client.get(place).text
        due_on = load_policy().holidays.add_working_days(TODAY, 7)
        assert due_on.isoformat() in page and "待处理" in page
        assert client.post(f"{place}/rejection", data={"csrf": csrf, "outcome": "x"}).status_code == 403
        boss, token = site.signed_in("supervisor")
        assert place in boss.get("/objections").text
        ruling = {
            "csrf": token, "kind": "penalties", "authority": "宣城市市场监督管理局", "doc_no": "宣市监罚字〔2025〕3号",
            "conclusion": "不涉及该主体", "decided_by": "宣城市发展和改革委员会", "basis": "档案核对",
        }  # fmt: skip
        assert boss.post(f"{place}/ruling", data={**ruling, "basis": " "}).status_code == 400
        assert not site.rulings.exists()
        assert boss.post(f"{place}/ruling", data=ruling).status_code == 303
        assert "已作出复核结论" in client.get(place).text
        assert boss.post(f"{place}/ruling", data=ruling).status_code == 409
        (file,) = site.rulings.iterdir()
        self.is_taken_in(site.rulings.parent, file)

    def is_taken_in(self, landing: Path, file: Path) -> None:
        from flows.stages.ingest import ingest

        register = "uscc,name,entity_type,status,established_on,division_code"
        (landing / "entities").mkdir()
        (landing / "entities" / "e.csv").write_text(
            f"{register}\n{code(3)},公司,企业,存续,2020-01-01,341802\n"
        )
        intake = ingest(
            landing, landing.parent / "lake", load_policy(), today=TODAY, now=now(), known_by=None, accept_refused=[],
            datadocs=landing.parent / "datadocs",
        )  # fmt: skip
        (delivery,) = (one for one in intake.deliveries if one.kind == "rulings")
        assert (delivery.path, delivery.refused_rule) == (f"rulings/{file.name}", None)
        assert (delivery.record["rows_read"], delivery.record["accepted"]) == (1, 1), delivery.record

    def test_an_objection_is_rejected_with_reasons(self, site: Site) -> None:
        client, csrf = site.signed_in("desk")
        filed = client.post(
            "/objections",
            data={
                "csrf": csrf,
                "code": self.ask(client, csrf, code(2)),
                "reason": "不同意 11010519491231002X",
                "about": "-1",
            },
        )
        boss, token = site.signed_in("supervisor")
        place = filed.headers["location"]
        assert boss.post(f"{place}/rejection", data={"csrf": token, "outcome": " "}).status_code == 400
        assert (
            boss.post(f"{place}/rejection", data={"csrf": token, "outcome": "处罚决定有效"}).status_code
            == 303
        )
        shown = client.get(place).text
        assert "处罚决定有效" in shown and "19491231" not in shown
        assert boss.post(f"{place}/rejection", data={"csrf": token, "outcome": "再次"}).status_code == 400

    def test_another_counters_objections_and_files_are_not_shown(self, site: Site) -> None:
        client, csrf = site.signed_in("desk")
        place = client.post(
            "/objections",
            data={"csrf": csrf, "code": self.ask(client, csrf, code(2)), "reason": "x", "about": "-1"},
        ).headers["location"]
        upload = {"file": ("ids.csv", f"uscc\n{code(1)}\n".encode())}
        batch = client.post("/batches", data={"csrf": csrf}, files=upload).headers["location"]
        add_user(site.app.state.desk.access, "colleague", "desk", PASSWORD)
        other = site.client()
        other.post("/login", data={"name": "colleague", "password": PASSWORD})
        assert other.get(place).status_code == 404
        assert other.get(batch).status_code == other.get(f"{batch}/answers.csv").status_code == 404

    def test_a_file_is_answered_with_progress(self, site: Site) -> None:
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

    def test_the_auditor_reads_verifies_and_exports(self, site: Site) -> None:
        client, csrf = site.signed_in("auditor")
        assert "sign_in" in client.get("/audit").text
        assert "链条完整" in client.post("/audit/verification", data={"csrf": csrf}).text
        exported = client.get("/audit/export.csv").content.decode("utf-8-sig")
        assert exported.startswith("seq,at,who")

    def test_the_administrator_keeps_the_accounts(self, site: Site) -> None:
        client, csrf = site.signed_in("administrator")
        made = {"csrf": csrf, "name": "novice", "role": "desk", "password": PASSWORD}
        assert client.post("/accounts", data=made).status_code == 303
        assert client.post("/accounts", data=made).status_code == 400
        assert client.post("/accounts/novice", data={"csrf": csrf, "act": "close"}).status_code == 303
        assert client.post("/accounts/administrator", data={"csrf": csrf, "act": "close"}).status_code == 409
        weak = {**made, "name": "weakling", "password": "aaaaaaaaaaaa"}
        assert client.post("/accounts", data=weak).status_code == 400

    def test_a_password_is_changed(self, site: Site) -> None:
        access = site.app.state.desk.access
        add_user(access, "changer", "desk", PASSWORD)
        client = site.client()
        client.post("/login", data={"name": "changer", "password": PASSWORD})
        csrf = csrf_of(client.get("/password"))
        new = "another horse entirely"
        assert (
            client.post("/password", data={"csrf": csrf, "present": "wrong", "new": new}).status_code == 403
        )
        assert (
            client.post("/password", data={"csrf": csrf, "present": PASSWORD, "new": new}).status_code == 303
        )
        assert client.get("/").headers["location"] == "/login"

    def test_english_by_a_switch(self, site: Site) -> None:
        client, _ = site.signed_in("desk")
        assert "该申请人可以适用快速通道吗" in client.get("/").text
        client.get("/language/en?to=/")
        assert "May this applicant be fast-tracked?" in client.get("/").text

    def test_the_pages_ask_no_outside_address(self, site: Site) -> None:
        client, _ = site.signed_in("supervisor")
        pages = [
            client.get(path).text
            for path in ("/", "/batches", "/objections", "/verify", f"/entities/{code(2)}")
        ]
        for text in pages:
            assert not re.search(r'(src|href|action|hx-\w+)="(https?:)?//', text)
            assert " style=" not in text and "<style" not in text and " onclick" not in text
