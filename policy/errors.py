"""The one error of this package; the command line maps it to exit code 2 (contract §1)."""

from __future__ import annotations


class PolicyError(ValueError):
    """The policy cannot be used, or holds no value for the day that was asked.

    Args:
        file: name of the YAML file concerned.
        message: one clear line that names the key.
    """

    def __init__(self, file: str, message: str) -> None:
        self.file = file
        self.message = message
        super().__init__(f"{file}: {message}")
