"""The desk's own rules: items that fast-track never reaches (O-39), beside parameters of ordinary form."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, model_validator

from policy.dated import Cited, Text
from policy.folding import fold
from policy.params import ParamsFile


class ExcludedItems(Cited):
    """A group of licence items kept out of fast-track: named by words that their names hold, or by code."""

    id: Text
    label: Text
    words: tuple[Text, ...]
    codes: tuple[Text, ...]

    @model_validator(mode="after")
    def _names_something(self) -> ExcludedItems:
        if not self.words and not self.codes:
            raise ValueError("names neither a word nor a code")
        if twice := [word for word in self.words if [fold(w) for w in self.words].count(fold(word)) > 1]:
            raise ValueError(f"names {twice[0]} twice")
        return self


class DeskFile(ParamsFile):
    """desk.yaml."""

    excluded_items: Annotated[tuple[ExcludedItems, ...], Field(min_length=1)]

    @model_validator(mode="after")
    def _ids_once(self) -> DeskFile:
        ids = [group.id for group in self.excluded_items]
        if len(set(ids)) != len(ids):
            raise ValueError("excluded_items: an id stands twice")
        return self
