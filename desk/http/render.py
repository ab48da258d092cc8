"""Templates: Chinese first, English by a switch; every value escaped."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

from fastapi import Request
from fastapi.responses import HTMLResponse, Response
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from desk import words
from desk.as_json import citations_of
from desk.clock import local
from desk.http.guard import Caller
from desk.permissions import May
from publish.story.model import Text
from publish.story.words import rule_words, settled_by
from publish.words import KINDS, STATUSES

LANGUAGE_COOKIE = "creditgrade_desk_language"
LANGUAGES = ("zh", "en")
_OUR_MARK = re.compile(r"(O-\d+|W-\d+|rules? |regulation|contract|design)")
_TEMPLATES = Path(__file__).parents[1] / "templates"


def language(request: Request) -> str:
    """``zh`` unless the reader chose ``en``."""
    found = request.cookies.get(LANGUAGE_COOKIE)
    return found if found in LANGUAGES else "zh"


def page(request: Request, template: str, status: int = 200, **values: Any) -> Response:
    """A template as an answer.

    Args:
        request: tells language and caller.
        template: name of the file.
        status: HTTP status.
        values: of the template.
    """
    lang = language(request)
    caller: Caller | None = getattr(request.state, "caller", None)
    html = (
        _environment()
        .get_template(template)
        .render(
            lang=lang,
            t=_chooser(lang),
            said=lambda text: text.zh if lang == "zh" else text.en,
            caller=caller,
            may=caller.may if caller else frozenset(),
            May=May,
            csrf=caller.session.csrf if caller and caller.session else "",
            here=request.url.path,
            **values,
        )
    )
    return HTMLResponse(html, status)


def is_fragment(request: Request) -> bool:
    """Whether htmx asks, for a part of a page."""
    return request.headers.get("hx-request") == "true"


def _chooser(lang: str) -> Callable[[str, str], str]:
    return lambda zh, en: zh if lang == "zh" else en


@cache
def _environment() -> Environment:
    made = Environment(
        loader=FileSystemLoader(_TEMPLATES), autoescape=True, undefined=StrictUndefined, trim_blocks=True,
        lstrip_blocks=True,
    )  # fmt: skip
    made.globals |= {
        "WORDS": words.WORDS, "MEANINGS": words.MEANINGS, "PROBLEMS": words.PROBLEMS, "STALE": words.STALE,
        "MORE": words.MORE, "GAP": words.GAP, "OF_ANOTHER": words.OF_ANOTHER, "STATES": words.STATES,
        "ROLES": words.ROLES, "rule_words": rule_words, "settled_by": settled_by, "citations_of": citations_of,
        "status_words": _status, "kind_words": _kind, "local": local,
    }  # fmt: skip
    made.filters |= {"day": _day, "law": _law}
    return made


def _status(code: str) -> Text:
    return Text(*STATUSES.get(code, (code, code)))


def _kind(kind: str) -> Text:
    return Text(KINDS.get(kind, kind), kind)


def _law(article: str) -> str:
    """The article without the marks of our own documents."""
    kept = (part.strip() for part in re.split(r"[;,，；]", article))
    return "；".join(part for part in kept if part and not _OUR_MARK.match(part))


def _day(value: date | None) -> str | Markup:
    return value.isoformat() if value else Markup("&mdash;")
