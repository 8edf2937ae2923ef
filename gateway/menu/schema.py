"""JSON Schema for editors, out of the same declarations that read the files.

With `# yaml-language-server: $schema=./menu.schema.json` an editor completes keys, shows what
each is for, in French, and underlines what can't be.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from gateway.menu.service import SERVICE_KEYS
from gateway.menu.shapes import SCALAR, JsonSchema, outline
from gateway.menu.site import SITE_KEYS
from gateway.menu.verbs import registry

_DRAFT = "https://json-schema.org/draft/2020-12/schema"


def _text() -> JsonSchema:
    counted: JsonSchema = {
        "type": "object",
        "properties": {
            "one": {**SCALAR, "description": "Le texte pour un seul."},
            "other": {**SCALAR, "description": "Le texte pour plusieurs."},
            "count": {**SCALAR, "description": "Le nombre : une variable."},
        },
        "required": ["one", "other", "count"],
        "additionalProperties": False,
    }
    return {"anyOf": [dict(SCALAR), counted]}


def _definitions() -> JsonSchema:
    verbs = registry()
    return {
        "text": _text(),
        "expression": dict(SCALAR),
        "place": {
            "type": "string",
            "description": "Une partie, un service, service#partie, home ou language.",
        },
        # A union of closed maps gives one exact message for a mistake; if/then/else gives five.
        "step": {"anyOf": [{"$ref": f"#/$defs/{name}"} for name in verbs]},
        **{
            name: {**outline(verb.all_keys), "description": verb.about}
            for name, verb in verbs.items()
        },
    }


def menu_schema() -> dict[str, Any]:
    """The schema of a service's file, `menu.schema.json`."""
    return {
        "$schema": _DRAFT,
        "title": "Un service",
        **outline(SERVICE_KEYS),
        "$defs": _definitions(),
    }


def site_schema() -> dict[str, Any]:
    """The schema of `site.yaml`, `site.schema.json`."""
    return {
        "$schema": _DRAFT,
        "title": "Le site",
        **outline(SITE_KEYS),
        "$defs": {"text": _text()},
    }


def write_schemas(folder: Path) -> tuple[Path, Path]:
    """Both schemas beside the menus of `folder`, where their first line looks for them."""
    paths = folder / "menu.schema.json", folder / "site.schema.json"
    for path, schema in zip(paths, (menu_schema(), site_schema()), strict=True):
        text = json.dumps(schema, ensure_ascii=False, indent=1)
        path.write_text(f"{text}\n", encoding="utf-8")
    return paths
