"""What editors are told: the same keys that the reader knows, each explained in French."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
import yaml

from gateway.menu.schema import menu_schema, site_schema, write_schemas
from gateway.menu.verbs import registry

HERE = Path(__file__).parent
SHIPPED = HERE.parents[1] / "menus"
FILES = [
    path
    for folder in (HERE / "data", SHIPPED)
    for path in sorted(folder.rglob("*.yaml"))
    if not path.name.endswith(".test.yaml")
]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_sound_files_satisfy_their_schema(path: Path) -> None:
    """Read as editors read them, with YAML's numbers and booleans."""
    schema = site_schema() if path.name == "site.yaml" else menu_schema()
    content = json.loads(json.dumps(yaml.safe_load(path.read_text(encoding="utf-8"))))
    errors = [
        f"{list(error.instance_path)}: {error.message}"
        for error in jsonschema_rs.Draft202012Validator(schema).iter_errors(content)
    ]
    assert errors == []


@pytest.mark.parametrize(
    "content",
    [
        {"title": "X", "flow": {"start": [{"dit": "Bonjour"}]}},
        {"title": "X", "flow": {"start": [{"menu": "Quoi ?"}]}},
        {"title": "X", "flow": {"start": [{"say": "Un", "save": "x"}]}},
        {"title": "X", "flow": {"start": [{"call": "a.b", "fails": {"refused": "x"}}]}},
        {"title": "X", "flow": {}},
        {"titre": "X", "flow": {"start": [{"end": "Fin."}]}},
    ],
)
def test_faulty_files_do_not(content: dict[str, Any]) -> None:
    """The editor underlines what loading would refuse."""
    assert not jsonschema_rs.Draft202012Validator(menu_schema()).is_valid(content)


def _properties(schema: Any) -> Iterator[tuple[str, dict[str, Any]]]:
    if isinstance(schema, dict):
        yield from schema.get("properties", {}).items()
        for value in schema.values():
            yield from _properties(value)
    elif isinstance(schema, list):
        for value in schema:
            yield from _properties(value)


def test_every_key_is_explained() -> None:
    """In a sentence, for whoever hovers over it."""
    for schema in (menu_schema(), site_schema()):
        for name, said in _properties(schema):
            if "$ref" not in said or "description" in said:
                assert said.get("description", "").endswith("."), name


def test_every_verb_is_a_kind_of_step() -> None:
    """Nothing is said twice: the union comes out of the registry."""
    steps = menu_schema()["$defs"]["step"]["anyOf"]
    assert [step["$ref"].rpartition("/")[2] for step in steps] == list(registry())


def test_the_shipped_schemas_are_up_to_date(tmp_path: Path) -> None:
    """`gateway schema` writes them beside the menus."""
    for path in write_schemas(tmp_path):
        assert (SHIPPED / path.name).read_text(encoding="utf-8") == path.read_text(encoding="utf-8")
