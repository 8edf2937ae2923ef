"""The communes of Benin, by the code that menus send."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files


@dataclass(frozen=True, slots=True)
class Commune:
    name: str
    department: str


def _read() -> Mapping[str, Commune]:
    text = (files("gateway.demo") / "communes.csv").read_text("utf-8")
    return {
        row["code"]: Commune(row["nom"], row["departement"])
        for row in csv.DictReader(text.splitlines())
    }


COMMUNES = _read()
