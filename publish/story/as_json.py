"""A story as JSON, for other programs."""

from __future__ import annotations

import json
from dataclasses import fields, is_dataclass
from datetime import date
from typing import Any

from publish.story.model import Lang, Story, Text


def as_json(story: Story, lang: Lang = None) -> str:
    """One JSON object; texts as ``{"zh": …, "en": …}``, or in one language as a string.

    The desk's story has no key ``risk``.
    """
    value = _plain(story, lang)
    if story.for_desk:
        del value["risk"]
    return json.dumps(value, ensure_ascii=False, indent=1)


def _plain(value: Any, lang: Lang) -> Any:
    if isinstance(value, Text):
        return {"zh": value.zh, "en": value.en} if lang is None else value.within(lang)
    if is_dataclass(value) and not isinstance(value, type):
        return {one.name: _plain(getattr(value, one.name), lang) for one in fields(value)}
    if isinstance(value, dict):
        return {str(key): _plain(part, lang) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(part, lang) for part in value]
    return value.isoformat() if isinstance(value, date) else value
