"""The fit of a scorecard on made-up features: 350,000 entities × 24 dates × 60 features (target: 5 min on two cores).

python -m bench.scorecard [--entities N] [--dates N] [--features N] [--whole]

Measured: bins of every feature and the regression of one candidate, from columns in memory. ``--whole`` adds the
rolling validation with its rivals and the intervals of every measure, as the shipped policy asks for it. Progress goes
to stderr, the figures to stdout as one line of JSON.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import sys
import time
from datetime import date
from typing import Any

import numpy as np

from models.learning.dataset import MISSING, Dataset, Window, months_before
from models.learning.fit import fit_table
from models.learning.foresight import report
from models.learning.metrics import auc
from models.learning.resampled import Resamples
from models.learning.validate import choose, foretell
from policy import load_policy
from policy.scorecard import ScorecardFile

TARGET_S = 300


def made_up(entities: int, dates: int, features: int) -> tuple[Dataset, ScorecardFile]:
    """Counts, rare and frequent, spans of days and texts; the counts foretell the event (about 1 % of the rows)."""
    rng = np.random.default_rng(1)
    n = entities * dates
    shipped = load_policy().scorecard
    pattern = shipped.features[0]
    columns, levels, wanted = {}, {}, []
    odds = np.full(n, -4.6, np.float32)
    for i in range(features):
        name = f"f{i}"
        if i % 10 == 9:
            name = (
                "key_area",
                "entity_type",
                "industry_code",
                "industry_division",
                "status_group",
                "key_area_industry",
            )[(i // 10) % 6]
            values = rng.integers(0, 40, n, dtype=np.int32)
            levels[name] = tuple(f"t{k:02d}" for k in range(40))
        elif i % 3 == 0:
            values = rng.integers(0, 3650, n, dtype=np.int32)
            values[rng.random(n, dtype=np.float32) < 0.3] = MISSING
        else:
            values = rng.poisson(0.05 if i % 2 else 1.5, n).astype(np.int32)
            effect = np.float32(0.12) * np.minimum(values, 5)
            odds += effect - effect.mean()
        columns[name] = values
        direction = "up" if i % 3 and i % 10 != 9 else "free"
        wanted.append(pattern.model_copy(update={"id": f"F{i}", "feature": name, "direction": direction}))
    columns["days_since_event"] = rng.integers(1, 2000, n, dtype=np.int32)
    event = rng.random(n, dtype=np.float32) < 1 / (1 + np.exp(-odds))
    last = date(2026, 6, 30)
    spans = tuple(Window(months_before(last, k + 1), months_before(last, k)) for k in reversed(range(dates)))
    nothing = np.zeros(1, dtype=object)
    data = Dataset(
        windows=spans,
        window=np.repeat(np.arange(dates, dtype=np.int32), entities),
        entity=np.tile(np.arange(entities, dtype=np.int32), dates),
        uscc=(),
        features=columns,
        levels=levels,
        event=event,
        visited=np.full(n, MISSING, np.int32),
        expert_h=rng.integers(0, 100_000, n, dtype=np.int32),
        groups={"division_code": nothing},
    )
    return data, shipped.model_copy(update={"features": tuple(wanted)})


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m bench.scorecard")
    parser.add_argument("--entities", type=int, default=350_000)
    parser.add_argument("--dates", type=int, default=24)
    parser.add_argument("--features", type=int, default=60)
    parser.add_argument("--whole", action="store_true")
    options = parser.parse_args()
    began = time.perf_counter()

    def told(line: str) -> None:
        print(f"{time.perf_counter() - began:6.1f} s  {line}", file=sys.stderr, flush=True)

    told(f"making up {options.entities:,} entities × {options.dates} dates × {options.features} features")
    data, card = made_up(options.entities, options.dates, options.features)
    figures: dict[str, Any] = {"rows": len(data), "features": options.features, "cores": os.cpu_count()}
    figures["load"] = [round(x, 1) for x in os.getloadavg()]
    told(f"fitting {len(data):,} rows, {int(data.event.sum()):,} events; load {figures['load'][0]}")
    started, cpu = time.perf_counter(), time.process_time()
    table = fit_table(data, np.arange(len(data)), card, card.fit.candidates[0])
    figures["fit_s"] = round(time.perf_counter() - started, 1)
    figures["fit_cpu_s"] = round(time.process_time() - cpu, 1)
    told(f"fitted in {figures['fit_s']} s ({figures['fit_cpu_s']} s CPU): {len(table.binned)} features stay")
    last = np.flatnonzero(data.window == options.dates - 1)
    figures["auc"] = round(auc(table.score(data, last), data.event[last]), 3)
    if options.whole:
        started, cpu = time.perf_counter(), time.process_time()
        foretold = foretell(data, card, told)
        chosen = choose(data, card, foretold)[0]
        figures["validation_s"] = round(time.perf_counter() - started, 1)
        figures["validation_cpu_s"] = round(time.process_time() - cpu, 1)
        told(
            f"measuring every method, {card.validation.bootstrap} resamples of {options.entities:,} entities"
        )
        started, cpu = time.perf_counter(), time.process_time()
        draws = Resamples(options.entities, card.validation.bootstrap, card.validation.seed)
        report(data, card, foretold, chosen.id, draws)
        figures["intervals_s"] = round(time.perf_counter() - started, 1)
        figures["intervals_cpu_s"] = round(time.process_time() - cpu, 1)
    figures["peak_mib"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10
    figures["is_within_target"] = figures["fit_s"] <= TARGET_S
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
