"""Catalogues for translators: templates out of a program, and PO files brought up to date."""

from gateway.menu.translation.deployment import (
    Change,
    Count,
    extract,
    orphans,
    status,
)

__all__ = ["Change", "Count", "extract", "orphans", "status"]
