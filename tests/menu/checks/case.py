"""A case of a rule: a small deployment, and what the rule says of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import yaml

from gateway.cli.check import everything
from gateway.menu import load
from gateway.menu.findings import Finding

HERE = Path(__file__).parent
FOLDER = HERE / "cases"


@dataclass(frozen=True)
class Case:
    """`files` stand in `menus/`; `replace` changes our `data/site.yaml`; `locales` are PO files.

    `finds` are lines `file:line:column | message | hint`, in order.
    """

    code: str
    case: str
    files: dict[str, str]
    finds: list[str]
    replace: dict[str, str] = field(default_factory=dict)
    locales: dict[str, str] = field(default_factory=dict)

    def findings(self, folder: Path) -> list[Finding]:
        """Everything that is found in the case, laid out in `folder`."""
        site = (HERE / "data/site.yaml").read_text(encoding="utf-8")
        for old, new in self.replace.items():
            assert old in site, f"the site has no « {old} »"
            site = site.replace(old, new)
        files = {"menus/site.yaml": site}
        files |= {f"menus/{name}": text for name, text in self.files.items()}
        for name, text in self.locales.items():
            language, _, domain = name.partition("/")
            files[f"locales/{language}/LC_MESSAGES/{domain}.po"] = text
        for name, text in files.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        return everything(load(folder / "menus", [folder / "locales"], drafts=True))


def cases_of(path: Path) -> list[Case]:
    """The cases of one file, which is named by its rule's code."""
    return [
        Case(code=path.stem, **said) for said in yaml.safe_load(path.read_text(encoding="utf-8"))
    ]


def line(finding: Finding, folder: Path) -> str:
    """As cases write what they expect."""
    file = Path(finding.place.file).relative_to(folder).as_posix().removeprefix("menus/")
    place = f"{file}:{finding.place.line}:{finding.place.column}"
    return f"{place} | {finding.message} | {finding.hint}"
