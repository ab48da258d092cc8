"""``make fuzz``: so many inputs for each target, from a seed; with ``--coverage``, guided by atheris.

An input that breaks a property is kept in ``tests/fuzz/corpus/<target>/`` and read again by every test run.
"""

from __future__ import annotations

import argparse
import hashlib
import random
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from tests.fuzz.choices import Choices

CORPUS = Path(__file__).parent / "corpus"
LONGEST_BYTES = 600
# No input, small as they are, may take longer.
SLOW_SECONDS = 20.0


def targets() -> Mapping[str, Callable[[Choices], None]]:
    from tests.fuzz import files, texts

    return {**texts.TARGETS, **files.TARGETS}


def keep(target: str, data: bytes) -> Path:
    """Puts an input into the corpus."""
    path = CORPUS / target / hashlib.sha256(data).hexdigest()[:16]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return path


def tried(name: str, target: Callable[[Choices], None], data: bytes) -> None:
    """Runs one input; keeps it where it fails."""
    began = time.monotonic()
    try:
        target(Choices(data))
        assert time.monotonic() - began < SLOW_SECONDS, "slow"
    except BaseException:
        print(f"{name}: broken by {keep(name, data)}", file=sys.stderr)
        raise


def at_random(name: str, target: Callable[[Choices], None], seed: int, inputs: int, seconds: float) -> int:
    """Runs inputs drawn from a seed until there are enough or the time is over; their number."""
    draw = random.Random(f"{name}-{seed}")
    end = time.monotonic() + seconds
    for done in range(inputs):
        if time.monotonic() > end:
            return done
        tried(name, target, draw.randbytes(draw.randrange(LONGEST_BYTES)))
    return inputs


def guided(name: str, inputs: int, seconds: float) -> None:
    """Runs one target under atheris, which ends the process."""
    import atheris

    with atheris.instrument_imports(include=["records", "policy"]):
        target = targets()[name]
    folder = CORPUS / name
    folder.mkdir(parents=True, exist_ok=True)
    atheris.Setup(
        [sys.argv[0], f"-runs={inputs}", f"-max_total_time={int(seconds)}", f"-max_len={LONGEST_BYTES}",
         f"-timeout={int(SLOW_SECONDS)}", "-rss_limit_mb=2048", f"-artifact_prefix={folder}/", "-len_control=0",
         "-verbosity=1"],
        lambda data: tried(name, target, data),
    )  # fmt: skip
    atheris.Fuzz()


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz")
    parser.add_argument("--inputs", type=int, default=100_000, help="for each target")
    parser.add_argument("--seconds", type=float, default=60, help="at most, for each target")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--target", action="append")
    parser.add_argument("--coverage", action="store_true", help="guided by atheris; one target")
    options = parser.parse_args()
    names = options.target or list(targets() if not options.coverage else ())
    if options.coverage:
        (name,) = names
        guided(name, options.inputs, options.seconds)
        return
    whole = 0
    for name in names:
        began = time.monotonic()
        done = at_random(name, targets()[name], options.seed, options.inputs, options.seconds)
        whole += done
        print(f"{name:12} {done:>10,} inputs {time.monotonic() - began:>7.1f} s", flush=True)
    print(f"{'all':12} {whole:>10,} inputs, none broken")


if __name__ == "__main__":
    main()
