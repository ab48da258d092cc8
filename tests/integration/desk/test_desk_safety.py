"""Sessions, forms, limits, lock-out, headers: what a stranger tries."""

from __future__ import annotations

import time
from datetime import timedelta

import pytest
from fastapi.testclient import TestClient

from desk.clock import now
from desk.http.app import create_app
from desk.http.settings import Settings
from desk.users import add_user, change_user
from tests.integration.desk.making import code
from tests.integration.desk.site import PASSWORD, Site


def test_headers(site: Site) -> None:
    for path in ("/login", "/health", "/static/desk.css", "/api/v1/answer"):
        headers = site.client().get(path).headers
        assert headers["content-security-policy"].startswith(
            "default-src 'none'; script-src 'self'; style-src 'self'"
        )
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["x-frame-options"] == "DENY"
        assert ("no-store" in headers["cache-control"]) is not path.startswith("/static/")
        names = [name for name, _ in headers.multi_items()]
        assert len(names) == len(set(names)), path


def test_tls_is_demanded_unless_told_otherwise(site: Site) -> None:
    app = create_app(Settings(site.city.places))
    with TestClient(app, base_url="https://desk", follow_redirects=False) as client:
        answered = client.post("/login", data={"name": "desk", "password": PASSWORD})
        assert "strict-transport-security" in answered.headers
        cookie = answered.headers["set-cookie"].lower()
        assert all(part in cookie for part in ("httponly", "secure", "samesite=strict"))


def test_a_form_without_its_token_is_refused(site: Site) -> None:
    client, csrf = site.signed_in("desk")
    for data in (
        {"applicant": code(1)},
        {"applicant": code(1), "csrf": "x"},
        {"applicant": code(1), "csrf": ""},
    ):
        assert client.post("/ask", data=data).status_code == 403
    assert client.post("/ask", data={"applicant": code(1), "csrf": csrf}).status_code == 200
    assert client.post("/api/v1/answers", json={"questions": [{"applicant": "x"}]}).status_code == 403


def test_a_form_of_another_site_is_refused(site: Site) -> None:
    client, csrf = site.signed_in("desk")
    data = {"applicant": code(1), "csrf": csrf}
    for headers in ({"origin": "https://evil.example"}, {"sec-fetch-site": "cross-site"}):
        assert client.post("/ask", data=data, headers=headers).status_code == 403
        login = {"name": "desk", "password": PASSWORD}
        assert site.client().post("/login", data=login, headers=headers).status_code == 403


def test_five_wrong_passwords_lock_the_account(site: Site) -> None:
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


def test_too_many_sign_ins_from_one_place(site: Site) -> None:
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


def test_too_many_questions(site: Site) -> None:
    client, csrf = site.signed_in("desk")
    limits = site.app.state.desk.limits
    limits.wait("user", "desk", 10_000)
    answered = client.post("/ask", data={"applicant": "x", "csrf": csrf})
    limits._buckets.clear()
    assert answered.status_code == 429
    assert int(answered.headers["retry-after"]) > 0


def test_a_session_ends(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    client, csrf = site.signed_in("desk")
    monkeypatch.setattr("desk.sessions.now", lambda: now() + timedelta(minutes=31))
    assert client.get("/").headers.get("location") == "/login"
    monkeypatch.undo()
    assert client.post("/logout", data={"csrf": csrf}).status_code == 303
    assert client.get("/").headers.get("location") == "/login"


def test_a_changed_account_is_out_at_once(site: Site) -> None:
    access = site.app.state.desk.access
    add_user(access, "leaver", "desk", PASSWORD)
    client = site.client()
    client.post("/login", data={"name": "leaver", "password": PASSWORD})
    assert client.get("/").status_code == 200
    change_user(access, "leaver", is_active=False)
    assert client.get("/").headers.get("location") == "/login"
    assert client.post("/login", data={"name": "leaver", "password": PASSWORD}).status_code == 401


def test_names_cannot_run(site: Site) -> None:
    client, csrf = site.signed_in("desk")
    for text in (
        client.post("/ask", data={"applicant": code(4), "csrf": csrf}).text,
        client.get(f"/entities/{code(4)}").text,
    ):
        assert "<script>alert" not in text
        assert "&lt;script&gt;alert" in text
    found = client.post("/suggest", data={"applicant": "<script>", "csrf": csrf}).text
    assert "&lt;script&gt;alert" in found


def test_the_language_leads_nowhere_else(site: Site) -> None:
    for to in ("//evil.example", "https://evil.example", "/\\evil.example"):
        assert site.client().get("/language/en", params={"to": to}).headers["location"] == "/"
