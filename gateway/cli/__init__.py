"""`gateway`: one file a command, loaded only when it is asked for."""

from __future__ import annotations

import pkgutil
from importlib import import_module
from typing import Any

import click

from gateway import __version__
from gateway.errors import GatewayError


class Commands(click.Group):
    """Finds `gateway/cli/<name>.py` and its `command`: a new command is a new file.

    Listing imports nothing; `--help` of the group imports all of them, for their first lines.
    A `GatewayError` that a command lets out is printed as one line, with exit status 1.
    """

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted(
            module.name for module in pkgutil.iter_modules(__path__) if module.name[0] != "_"
        )

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in self.list_commands(ctx):
            return None
        command = import_module(f"{__name__}.{cmd_name}").command
        if not isinstance(command, click.Command):
            raise TypeError(f"gateway/cli/{cmd_name}.py has no click command named `command`")
        return command

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except GatewayError as error:
            raise click.ClickException(str(error)) from error


@click.group(cls=Commands)
@click.version_option(__version__, prog_name="gateway")
def main() -> None:
    """A public-service counter for every phone."""
