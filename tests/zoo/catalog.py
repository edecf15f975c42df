"""All models of the zoo by name, and the graph of each, traced once in a process."""

import functools
from importlib import import_module

import introspect
from introspect.nouns.graph import Graph
from tests.zoo.entry import ENTRIES, Entry, Sample

for _file in ("hand", "kinds", "transforms", "tensors", "wrapped", "vision", "language"):
    import_module(f"tests.zoo.{_file}")

NAMES = tuple(ENTRIES)


def find(name: str) -> Entry:
    """The entry of that name."""
    return ENTRIES[name]


def make(name: str) -> Sample:
    """A new model and its inputs, the same weights and numbers every time."""
    return ENTRIES[name].make()


@functools.cache
def graph_of(name: str) -> Graph:
    """What a trace in the default mode gives, kept for the whole run of the tests."""
    with ENTRIES[name].opened() as (model, args, kwargs):
        return introspect.trace(model, *args, **kwargs)
