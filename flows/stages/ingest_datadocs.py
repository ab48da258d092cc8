"""The data docs of a lake: what the suites found in all deliveries that take part."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from records.intake import Delivery


def write_datadocs(deliveries: Iterable[Delivery], folder: Path) -> None:
    """Writes the pages anew: counts of broken rules over all deliveries that take part, no value of any row.

    Args:
        deliveries: of the lake.
        folder: made with mode 700.
    """
    import expectations

    counts = [
        expectations.Counts(
            delivery.kind,
            delivery.record["accepted"] + delivery.record["quarantined"],
            delivery.record["quarantined"],
            {**delivery.record["rules"], **delivery.record["flags"]},
        )
        for delivery in deliveries
        if delivery.takes_part
    ]
    expectations.write_datadocs(counts, folder)
