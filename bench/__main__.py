"""`python -m bench`: one interleaved run over all contenders, medians and their ratios.

Each round gives every contender the same few seconds of the same load, one after the other, so
that a machine that is slow for a while is slow for all. CPU is the server process's own, out of
`/proc`, divided by the requests it answered. What is missing on the machine is named and left out.
"""

from __future__ import annotations

import argparse
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from bench.contender import CONTENDERS, Contender, Missing, Running, redis_server
from bench.load import Sample, load, play

YARDSTICK = "starlette_get"


def main() -> int:
    options = _options()
    if shutil.which("wrk") is None:
        print(
            "wrk is missing (Debian: apt-get install wrk): nothing can be measured", file=sys.stderr
        )
        return 1
    running: list[Running] = []
    missing: list[str] = []
    with (
        tempfile.TemporaryDirectory(prefix="gateway-bench-") as folder,
        redis_server(Path(folder)) as redis,
    ):
        try:
            for contender in CONTENDERS:
                _start(contender, redis, Path(folder), running, missing)
            samples: dict[tuple[str, int], list[Sample]] = {}
            for round_ in range(options.rounds):
                for rank, connections in enumerate(options.connections):
                    run = round_ * len(options.connections) + rank
                    for server in (
                        running[round_ % len(running) :] + running[: round_ % len(running)]
                    ):
                        sample = load(server, connections, options.seconds, run)
                        samples.setdefault((server.contender.name, connections), []).append(sample)
                        name = server.contender.name
                        print(f"round {round_ + 1} {connections:>4} {name:<20} {sample}")
        finally:
            for server in running:
                server.stop()
    print(_table(samples, options.connections, [server.contender for server in running]))
    for line in missing:
        print(f"left out: {line}")
    return 0


def _start(
    contender: Contender, redis: str, folder: Path, running: list[Running], missing: list[str]
) -> None:
    try:
        server = contender.start(redis, folder)
    except Missing as reason:
        missing.append(f"{contender.name}: {reason}")
        return
    running.append(server)
    if contender.serves_sessions:
        play(server)


def _table(
    samples: dict[tuple[str, int], list[Sample]],
    connections: list[int],
    contenders: list[Contender],
) -> str:
    lines = [
        f"Python {platform.python_version()}; ratios of medians to `{YARDSTICK}`.",
        "",
        "| server | connections | requests/s | ratio | CPU µs/request | p99 ms |",
        "|---|---|---|---|---|---|",
    ]
    for contender in contenders:
        for count in connections:
            own = samples[contender.name, count]
            rate = statistics.median(sample.rate for sample in own)
            floor = statistics.median(sample.rate for sample in samples[YARDSTICK, count])
            cpu = statistics.median(sample.cpu for sample in own)
            p99 = statistics.median(sample.p99 for sample in own)
            figures = f"{rate:,.0f} | {rate / floor:.2f} | {cpu:.0f} | {p99:.1f}"
            lines.append(f"| {contender.title} | {count} | {figures} |")
    return "\n".join(lines)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=4, help="of load a contender and round")
    parser.add_argument("--connections", type=int, nargs="+", default=[32, 256])
    return parser.parse_args()


if __name__ == "__main__":
    try:
        sys.exit(main())
    except subprocess.CalledProcessError as error:
        sys.exit(f"{error.cmd[0]} ended with {error.returncode}")
