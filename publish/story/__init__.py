"""The explanation of an answer as a story: which rules were asked, which record answered, until when, and what next."""

from publish.story.model import Story
from publish.story.risk import points_agree
from publish.story.telling import tell

__all__ = ["Story", "points_agree", "tell"]
