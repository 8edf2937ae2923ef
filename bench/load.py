"""The load: wrk with five-step sessions, and one session played by hand to see that it works."""

from __future__ import annotations

import subprocess
import urllib.parse
import urllib.request
from dataclasses import dataclass
from pathlib import Path

from bench.contender import Running

SCRIPT = Path(__file__).with_name("session.lua")
STEPS = ("", "1", "1*1", "1*1*1234567890", "1*1*1234567890*1")


@dataclass(frozen=True, slots=True)
class Sample:
    rate: float  # requests per second
    cpu: float  # microseconds of the server's CPU per request
    p99: float  # milliseconds

    def __str__(self) -> str:
        return f"{self.rate:>9,.0f} req/s {self.cpu:>6.0f} µs {self.p99:>7.1f} ms"


def load(server: Running, connections: int, seconds: int, run: int) -> Sample:
    """Loads one server and says what it did.

    Raises RuntimeError when an answer was wrong: a fast server that refuses is not fast.
    """
    slots = connections * 8
    before = server.cpu()
    command = [
        "wrk",
        "-t1",
        f"-c{connections}",
        f"-d{seconds}s",
        "--timeout",
        "10s",
        "-s",
        str(SCRIPT),
    ]
    command += [server.url, "--", str(slots), server.path, str(run)]
    output = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    result = next(line for line in output.splitlines() if line.startswith("RESULT"))
    requests, microseconds, ended, wrong, p99 = (int(word) for word in result.split()[1:])
    if wrong:
        raise RuntimeError(f"{server.contender.name}: {wrong} of {requests} answers were wrong")
    if server.contender.serves_sessions and abs(ended - requests / len(STEPS)) > slots:
        # Each open slot may hold one session that is under way; beyond that, answers went astray.
        raise RuntimeError(
            f"{server.contender.name}: {ended} sessions ended in {requests} requests"
        )
    return Sample(
        rate=requests / (microseconds / 1e6),
        cpu=(server.cpu() - before) * 1e6 / requests,
        p99=p99 / 1000,
    )


def play(server: Running) -> None:
    """One session by hand. Raises RuntimeError unless it goes through its five steps."""
    for number, text in enumerate(STEPS, start=1):
        form = {
            "phoneNumber": "+2290151000000",
            "serviceCode": "*229#",
            "text": text,
            "sessionId": "ATUid_by_hand",
            "networkCode": "61603",
        }
        request = urllib.request.Request(  # noqa: S310 (loopback, our own server)
            server.url + server.path, urllib.parse.urlencode(form).encode(), method="POST"
        )
        with urllib.request.urlopen(request, timeout=10) as response:  # noqa: S310
            body = response.read().decode()
        expected = "END " if number == len(STEPS) else "CON "
        if not body.startswith(expected) or (number == len(STEPS) and "1234567890" not in body):
            raise RuntimeError(f"{server.contender.name}: step {number} answered {body!r}")
