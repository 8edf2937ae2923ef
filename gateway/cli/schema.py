"""`gateway schema`: what editors need to complete and check menus while they are typed."""

from __future__ import annotations

from pathlib import Path

import click

from gateway.cli._menus import folder_argument
from gateway.menu.schema import write_schemas


@click.command()
@folder_argument
def command(folder: Path) -> None:
    """Write menu.schema.json and site.schema.json into FOLDER (GATEWAY_MENUS, else « menus »)."""
    for path in write_schemas(folder):
        click.echo(path)
