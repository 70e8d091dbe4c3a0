"""How long a training step takes: ours, the bare products, and other libraries.

`make benchmark` sets up what is needed and runs this. It takes about eight minutes and 6 GB of
memory, wants a machine that does nothing else, prints a table, and writes
`book/record/speed.json`, from which the appendix *Speed* is made. The status is 1 if a step
takes longer than it may, or somebody does not reach the same costs.
"""

from __future__ import annotations

import argparse
import json
import sys
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict
from multiprocessing import get_context
from pathlib import Path

import tables
from turns import NotMeasuredError, environment, take_turns

OUTPUT = Path(__file__).resolve().parents[1] / "book" / "record" / "speed.json"

# What an exact step of the article's network may take, for each of so many trained at once: times
# the two bare products of the same run.
LIMITS = [
    ("Adam", 1, 1.45),
    ("gradient descent", 1, 1.3),
    ("Adam", 16, 0.95),
    ("gradient descent", 16, 0.75),
]
# The load above which others work on this machine.
QUIET = 0.5
SAMPLE_SPACE_LIMIT = 30.0  # milliseconds a step of 200 seeds: a minute for 2,000 of them
# How far a cost may be from ours, relative to it. The article adds 1e-6 inside its logarithms.
TOLERANCES = {"float64": 1e-5, "float32": 1e-4}


def prepare():
    """Draw the images; describe the machine."""
    import machine
    import pictures

    pictures.prepare()
    return machine.describe()


def measure(table, rounds):
    """Measure the groups of a table.

    Returns
    -------
    list of dict
        A row for each setup: what it was, and quartiles of what came out. One that could not be
        measured has the reason instead.
    """
    rows = []
    for group in tables.TABLES[table]:
        measured, missing = take_turns(group, rounds, lambda sentence: tell(f"{table}: {sentence}"))
        for setup in group:
            row = {"table": table, **asdict(setup), "steps": setup.steps}
            rows.append(row)
            if setup in missing:
                row["not_measured"] = missing[setup]
                continue
            it = measured[setup]
            row["milliseconds"] = it.milliseconds
            row["ratio"] = it.ratio(measured[tables.products(setup)])
            if it.costs:
                row["distance"] = it.distance(measured[tables.exact(setup)])
            row["peak_memory"] = it.peak_memory
    return rows


def faults(rows):
    """Say what is not as it should be, a sentence each."""
    measured = [row for row in rows if "ratio" in row and row["table"] in ("step", "stack")]
    for row in measured:
        allowed = TOLERANCES[row["dtype"]]
        if row.get("distance", 0.0) > allowed:
            yield (
                f"{row['contender']} ({row['optimizer']}, {row['dtype']}) is {row['distance']:.1e} "
                f"away from our costs, more than {allowed:.0e}"
            )
        if row["contender"] == tables.SAMPLE_SPACE and row["milliseconds"][1] > SAMPLE_SPACE_LIMIT:
            yield (
                f"a step of {row['stack']} networks in sample space takes "
                f"{row['milliseconds'][1]:.0f} ms, more than {SAMPLE_SPACE_LIMIT:.0f}"
            )
    for optimizer, stack, limit in LIMITS:
        alike = {"optimizer": optimizer, "stack": stack, "dtype": "float64"}
        times = {
            row["contender"]: row["ratio"][1] / stack
            for row in reversed(measured)  # the first table counts
            if alike.items() <= row.items()
        }
        ours = times.get(tables.EXACT, 0.0)
        which = (
            f"an exact step of {optimizer}, {stack} at once, takes {ours:.2f} times the products"
        )
        if ours > limit:
            yield f"{which}, more than {limit}"
        for name in tables.OTHERS:
            if times.get(name, ours) < ours:
                yield f"{which}, {name} takes {times[name]:.2f}"


def line(row):
    """Return a row as the terminal shows it."""
    what = [row["contender"], row["optimizer"], row["dtype"], f"{row['images']} images"]
    what.append("-".join(map(str, row["layer_dims"][1:])))
    if row["threads"]:
        what.append(f"{row['threads']} thread{'s' * (row['threads'] > 1)}")
    if row["stack"] > 1:
        what.append(f"{row['stack']} at once")
    text = f"{', '.join(what):<84}"
    if "not_measured" in row:
        return f"{text} not measured: {row['not_measured']}"
    low, ratio, high = row["ratio"]
    return (
        f"{text}{row['milliseconds'][1]:8.2f} ms {ratio:7.2f} ({low:.2f} to {high:.2f})"
        f" {row['peak_memory'] / 2**20:7.0f} MiB"
    )


def tell(sentence):
    """Say on a terminal what is being done."""
    if sys.stderr.isatty():
        print(f"\r\x1b[K{sentence}", end="", file=sys.stderr, flush=True)


def main():
    """Measure, print, write; return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=12, help="turns everyone takes, at least 3")
    parser.add_argument("--only", choices=tables.TABLES, help="one table, and write nothing")
    parser.add_argument("--output", type=Path, default=OUTPUT, metavar="FILE")
    chosen = parser.parse_args()

    # In a process of its own, so that this one stays small: the system's account of a process's
    # memory begins with that of the one that started it.
    with environment(), ProcessPoolExecutor(1, get_context("spawn")) as pool:
        description = pool.submit(prepare).result()
    print(description["machine"])
    if (description["load"] or 0.0) > QUIET:
        print(
            f"This machine is busy (load {description['load']:.1f}): what comes out is not to be "
            "relied on.",
            file=sys.stderr,
        )
    rows = []
    for table in [chosen.only] if chosen.only else tables.TABLES:
        rounds = chosen.rounds if table == "step" else max(3, chosen.rounds // 2)
        try:
            some = measure(table, rounds)
        except NotMeasuredError as error:  # of one that was there, and took turns
            print(
                f"\n{table}: nothing is written, since a contender failed: {error}", file=sys.stderr
            )
            return 2
        tell("")
        print(f"\n{table}: time of a step, times the bare products (quartiles), peak memory")
        print(*map(line, some), sep="\n", flush=True)
        rows += some
    if not chosen.only:
        settings = {"rounds": chosen.rounds, "limits": LIMITS, "tolerances": TOLERANCES}
        content = description | settings | {"rows": rows}
        chosen.output.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
        print(f"\n{chosen.output} is written.")
    found = list(faults(rows))
    print(*found, sep="\n", file=sys.stderr)
    return int(bool(found))


if __name__ == "__main__":
    sys.exit(main())
