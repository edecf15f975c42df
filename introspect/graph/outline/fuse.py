"""Norms and activations become strips on their layer's card; single children move up."""

from introspect.graph.outline.box import Box, Strip, readers
from introspect.graph.outline.labels import PLAIN_CONTAINERS

_HOSTS = ("conv", "linear")
_GUESTS = ("norm", "activation")
_MOST_STRIPS = 3


def fuse(root: Box) -> None:
    """Draw a norm or activation as part of the convolution, linear layer or merge before it.

    Only if nothing else lies between: the layer is read by the guest alone, the guest reads
    the layer alone, and both stand in the same group. A norm-activation chain before a
    layer (pre-activation, as in DenseNet) becomes strips above it. A lone LayerNorm before
    a linear layer stays: in a transformer it is what people look for.
    """
    leaves = list(root.leaves())
    reading = readers(leaves)
    gone: set[Box] = set()
    for guest in leaves:
        host = _host_before(guest, reading)
        if host is not None and len(host.after) < _MOST_STRIPS:
            _absorb_after(host, guest, reading)
            gone.add(guest)
    for host in leaves:
        if host in gone or host.family not in _HOSTS:
            continue
        chain = _chain_before(host, reading)
        if any(guest.family == "activation" for guest in chain):
            for guest in chain:
                _absorb_before(host, guest, reading)
                gone.add(guest)
    if gone:
        for group in root.groups():
            group.children = [child for child in group.children if child not in gone]


def _host_before(guest: Box, reading: dict[Box, list[Box]]) -> Box | None:
    if guest.family not in _GUESTS or len(guest.sources) != 1 or guest.side_inputs:
        return None
    host = guest.sources[0]
    if host.kind == "io" or reading[host] != [guest] or host.parent is not guest.parent:
        return None
    is_merge = guest.family == "activation" and host.family == "merge"
    return host if host.family in _HOSTS or is_merge else None


def _chain_before(host: Box, reading: dict[Box, list[Box]]) -> list[Box]:
    """The norms and activations that feed only `host`, nearest first."""
    chain: list[Box] = []
    below = host
    while len(below.sources) == 1:
        guest = below.sources[0]
        fits = guest.family in _GUESTS and guest.parent is host.parent and not guest.after
        if guest.kind == "io" or not fits or reading[guest] != [below] or len(guest.sources) != 1:
            break
        chain.append(guest)
        below = guest
    return chain


def _absorb_after(host: Box, guest: Box, reading: dict[Box, list[Box]]) -> None:
    host.after.append(Strip(guest.module, guest.family))
    host.shape = guest.shape or host.shape
    reading[host] = reading[guest]
    for reader in reading[guest]:
        reader.sources = [host if source is guest else source for source in reader.sources]
        if guest in reader.through:
            reader.through[host] = reader.through.pop(guest)
    _swallow(host, guest)


def _absorb_before(host: Box, guest: Box, reading: dict[Box, list[Box]]) -> None:
    host.before.insert(0, Strip(guest.module, guest.family))
    source = guest.sources[0]
    host.sources = [source if s is guest else s for s in host.sources]
    reading[source] = [host if reader is guest else reader for reader in reading[source]]
    host.recipe += (host.through.pop(guest, ()),)
    if source in guest.through:
        host.through[source] = guest.through.pop(source)
    _swallow(host, guest)


def _swallow(host: Box, guest: Box) -> None:
    host.parameters += guest.parameters
    host.operations += guest.operations
    host.recipe += (*guest.recipe, *guest.through.values())
    host.steps += guest.steps
    if guest.choice:
        host.choice = guest.choice


def merge_single(root: Box) -> None:
    """A group with one child gives its place to it: ``features`` with ``0`` is ``features.0``."""
    for group in reversed(list(root.groups())):
        group.children = [_without_shell(child) for child in group.children]


def _without_shell(box: Box) -> Box:
    """The only child of a group, under both names; a group with several children itself."""
    while box.kind == "group" and len(box.children) == 1 and box.count == 1:
        only = box.children[0]
        if only.kind == "io":
            break
        only.name = f"{box.name}.{only.name}" if only.name else box.name
        only.call = only.call or box.call
        only.choice = only.choice or box.choice
        only.recipe, only.steps = box.recipe + only.recipe, box.steps + only.steps
        if only.kind == "group" and only.module in PLAIN_CONTAINERS:
            only.module = box.module
        if only.count == 1:  # of a folded box, the parameters are those of one member
            only.parameters = max(only.parameters, box.parameters)
        only.parent = box.parent
        box = only
    return box
