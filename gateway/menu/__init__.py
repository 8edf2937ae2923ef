"""The menu language: from YAML files to a program that the engine runs.

`load` reads a folder once; a `Library` keeps the last good programs while the files change.
"""

from gateway.menu.library import Library
from gateway.menu.loading import Loaded, load

__all__ = ["Library", "Loaded", "load"]
