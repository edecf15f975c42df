"""Names in a history -> the names of the same tensors in a graph.

``introspect.watch`` takes wrappers off before it names anything, but a history may come from
elsewhere, and a graph may have been traced from a wrapped model. So names are compared as they
stand, and then without the parts that wrappers put in.

Cost: 2 us a name. Not here: what is logged under the names (``watched``).
"""

from collections.abc import Iterable

from introspect.nouns.graph import Graph, Value

WRAPPERS = frozenset({"_orig_mod", "_fsdp_wrapped_module", "_checkpoint_wrapped_module"})
"""Of ``torch.compile``, FSDP and activation checkpointing: never names that people give."""

_PARALLEL = "module"


def plain(name: str) -> str:
    """A qualified name without what wrappers put in front and between.

    Example:
        >>> plain("module._orig_mod.fc.weight"), plain("layers.0._orig_mod.fc.weight")
        ('fc.weight', 'layers.0.fc.weight')
    """
    parts = [part for part in name.split(".") if part not in WRAPPERS]
    while len(parts) > 1 and parts[0] == _PARALLEL:  # DistributedDataParallel, perhaps twice
        parts = parts[1:]
    return "" if parts == [_PARALLEL] else ".".join(parts)


class Names:
    """Finds the name of a graph for a name of a history.

    Args:
        known: Names of the graph, by every name that each goes under.
    """

    def __init__(self, known: Iterable[tuple[str, str]]) -> None:
        self._exact = dict(known)
        self._plain: dict[str, str] = {}
        ambiguous: set[str] = set()
        for alias, name in self._exact.items():
            short = plain(alias)
            if self._plain.setdefault(short, name) != name:
                ambiguous.add(short)
        for short in ambiguous:
            del self._plain[short]

    def find(self, name: str) -> str | None:
        """The name in the graph; None if there is none, or more than one fits.

        Example:
            >>> names = Names([("fc.weight", "fc.weight")])
            >>> names.find("module.fc.weight"), names.find("fc.bias")
            ('fc.weight', None)
        """
        return self._exact.get(name, self._plain.get(plain(name)))


def parameters_of(graph: Graph) -> list[Value]:
    """The named parameters of a graph, in the order of its values."""
    return [value for value in graph.values if value.kind == "parameter" and value.name]


def parameter_names(graph: Graph) -> Names:
    """By the name of each parameter, and by those of the weights it is tied with."""
    pairs = [(a, v.name) for v in parameters_of(graph) for a in (v.name, *v.aliases)]
    return Names(pairs)


def module_names(graph: Graph) -> Names:
    """By the path of each module that ran."""
    return Names((call.path, call.path) for call in graph.calls)
