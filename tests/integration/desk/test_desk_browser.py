"""The counter's work in a real browser: by keyboard, on a phone, enlarged; axe finds nothing serious."""

from __future__ import annotations

import re
import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from desk.clock import day_of, now
from desk.databases import migrate, open_engine
from desk.http.app import create_app
from desk.http.settings import Settings
from desk.permissions import ROLES
from desk.places import Places
from desk.users import add_user
from tests.integration.desk.conftest import City
from tests.integration.desk.making import blocker, code, entity

pytestmark = pytest.mark.needs("chromium")
PASSWORD = "correct horse battery"
CHROMIUM = next((p for p in ("/usr/bin/chromium", "/usr/bin/chromium-browser") if Path(p).exists()), "")


@dataclass
class Counter:
    """A served desk and a browser before it."""

    base: str
    browser: Any

    def signed_in(self, role: str, **options: Any) -> Any:
        context = self.browser.new_context(locale="zh-CN", **options)
        context.set_default_timeout(60_000)
        page = context.new_page()
        page.problems = []
        page.on(
            "console",
            lambda told: page.problems.append(told.text) if told.type in ("error", "warning") else None,
        )
        page.goto(f"{self.base}/login")
        page.fill("#name", role)
        page.fill("#password", PASSWORD)
        page.press("#password", "Enter")
        page.wait_for_url(re.compile(r"/(audit|accounts)?$"))
        return page


@pytest.fixture(scope="module")
def counter(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Counter]:
    import uvicorn
    from playwright.sync_api import sync_playwright

    out = tmp_path_factory.mktemp("counter") / "out"
    out.mkdir()
    city = City(out, Places.of(out))
    city.night(
        [
            entity(1, name="宣城顺达商贸有限公司"), entity(2, "NOT_BAD_RECORD", eligible_on=date(2028, 5, 7)),
            entity(3, "HOLD_REVIEW"), entity(4, name="<b>粗体</b>𠮷‮公司"),
        ],
        [blocker(2), blocker(3, "HOLD_REVIEW", blocks_until=None)],
        as_of=day_of(now()), now=now(),
    )  # fmt: skip
    access = open_engine(city.places.access)
    migrate(access, "access")
    for role in ROLES:
        add_user(access, role, role, PASSWORD)
    access.dispose()
    app = create_app(Settings(city.places, rulings=out / "rulings", is_plain_http=True))
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(app, log_level="warning", timeout_graceful_shutdown=2))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    while not server.started:
        time.sleep(0.05)
    try:
        with sync_playwright() as driver:
            browser = driver.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
            yield Counter(f"http://127.0.0.1:{listener.getsockname()[1]}", browser)
            browser.close()
    finally:
        server.should_exit = True
        thread.join()
        listener.close()


def ask(page: Any, applicant: str) -> None:
    """Asks by keyboard alone."""
    page.keyboard.press("/")
    page.fill("#applicant", applicant)
    page.keyboard.press("Enter")
    page.wait_for_function(
        "text => document.querySelector('#answer').innerText.includes(text)", arg=applicant
    )


def serious(page: Any) -> list[str]:
    from axe_playwright_python.sync_playwright import Axe

    found = Axe().run(page).response["violations"]
    return [
        f"{one['id']} at {one['nodes'][0]['target']}"
        for one in found
        if one["impact"] in ("serious", "critical")
    ]


def test_the_counters_day_by_keyboard(counter: Counter) -> None:
    page = counter.signed_in("desk")
    assert page.evaluate("document.activeElement.id") == "applicant"
    page.keyboard.type("顺达")
    page.wait_for_selector("#suggestions button")
    for _ in range(3):
        page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.wait_for_selector(".answer.is-eligible")
    assert page.inner_text("#word") == "可以"
    assert page.evaluate("document.activeElement.id") == "word"
    ask(page, code(2))
    assert page.inner_text("#word") == "不可以"
    assert page.locator(".answer .shape").count() == 1
    for text in (
        "宣市监罚字〔2025〕2号",
        "宣城市市场监督管理局",
        "2025-05-06",
        "2028-05-06",
        "2028-05-07",
        "距今",
    ):
        assert text in page.inner_text("#answer")
    ask(page, code(3))
    assert page.inner_text("#word") == "待核查"
    assert serious(page) == []
    page.click("text=时间线")
    page.wait_for_selector("svg.timeline title", state="attached")
    assert serious(page) == []
    assert page.problems == []
    page.context.close()


def test_a_certificate_is_printed_and_checked(counter: Counter, tmp_path: Path) -> None:
    page = counter.signed_in("desk")
    ask(page, code(2))
    code_ = page.inner_text(".stamp .code")
    page.click("text=打印凭证")
    page.wait_for_selector(".certificate")
    assert serious(page) == []
    page.emulate_media(media="print")
    assert not page.is_visible("header.top") and page.is_visible(".certificate")
    page.pdf(path=str(tmp_path / "certificate.pdf"), format="A4")
    assert (tmp_path / "certificate.pdf").read_bytes().count(b"/Type /Page\n") <= 1
    page.emulate_media(media="screen")
    page.goto(f"{counter.base}/verify")
    page.fill("#code", code_.lower())
    page.keyboard.press("Enter")
    page.wait_for_selector(".notice-good")
    assert serious(page) == []
    page.context.close()


def test_a_file_with_progress(counter: Counter, tmp_path: Path) -> None:
    place = tmp_path / "ids.csv"
    place.write_text("uscc\n" + f"{code(1)}\n{code(2)}\n" * 1_500)
    page = counter.signed_in("desk")
    page.goto(f"{counter.base}/batches")
    assert serious(page) == []
    page.set_input_files("#file", str(place))
    page.click("main button.button")
    page.wait_for_selector("text=下载结果")
    with page.expect_download() as download:
        page.click("text=下载结果")
    text = Path(download.value.path()).read_text(encoding="utf-8-sig")
    assert len(text.splitlines()) == 3_001
    assert page.problems == []
    page.context.close()


def test_an_objection_from_the_counter_to_the_ruling(counter: Counter) -> None:
    page = counter.signed_in("desk")
    ask(page, code(2))
    page.click("text=提出异议")
    page.wait_for_selector("#reason")
    assert serious(page) == []
    page.fill("#reason", "处罚决定已被撤销")
    page.click("main button.button")
    page.wait_for_url(re.compile("/objections/YY"))
    place = page.url
    boss = counter.signed_in("supervisor")
    boss.goto(f"{counter.base}/objections")
    assert serious(boss) == []
    boss.goto(place)
    assert boss.input_value("#doc_no") == "宣市监罚字〔2025〕2号"
    assert serious(boss) == []
    boss.select_option("#conclusion", "不成立")
    boss.fill("#decided_by", "宣城市发展和改革委员会")
    boss.fill("#basis", "撤销决定书")
    boss.click("text=作出结论")
    boss.wait_for_selector("text=已作出复核结论")
    page.reload()
    assert "不成立：撤销决定书" in page.inner_text("main")
    page.context.close()
    boss.context.close()


@pytest.mark.parametrize(("role", "path"), [("auditor", "/audit"), ("administrator", "/accounts")])
def test_the_offices_pages(counter: Counter, role: str, path: str) -> None:
    page = counter.signed_in(role)
    page.goto(counter.base + path)
    assert serious(page) == []
    assert page.problems == []
    page.context.close()


@pytest.mark.parametrize("width", [360, 640], ids=["a phone", "200 % of a screen of 1280"])
def test_nothing_is_cut_off(counter: Counter, width: int) -> None:
    page = counter.signed_in("desk", viewport={"width": width, "height": 700}, has_touch=width < 400)
    ask(page, code(2))
    for path in (None, f"/entities/{code(2)}", "/objections", "/verify"):
        if path:
            page.goto(counter.base + path)
        assert page.evaluate("document.documentElement.scrollWidth") <= width, path
        fields = "[...document.querySelectorAll('.button, input:not([type=hidden], [type=radio])')]"
        assert page.evaluate(f"{fields}.filter(one => one.offsetHeight < 40).length") == 0
    assert serious(page) == []
    page.context.close()


def test_odd_names_and_english(counter: Counter) -> None:
    page = counter.signed_in("desk")
    ask(page, code(4))
    assert "<b>粗体</b>𠮷" in page.inner_text("#answer")
    page.click("text=English")
    page.wait_for_selector("text=May this applicant be fast-tracked?")
    assert page.get_attribute("html", "lang") == "en"
    ask(page, code(2))
    assert page.inner_text("#word") == "No"
    assert serious(page) == []
    page.context.close()
