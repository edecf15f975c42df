"""The layout of the viewer gives the places that Python's gives."""

import random

import pytest

from introspect.graph.formats.html_data import encode, sized
from introspect.graph.layout.card import to_nodes
from introspect.graph.layout.connect import connect
from introspect.graph.layout.container import arrange, solve
from introspect.graph.layout.rank import Edge, Items
from introspect.graph.outline import open_outline


def random_items(seed):
    """A container of random boxes and forward edges, with ports at both borders."""
    chance = random.Random(seed)  # noqa: S311  cases, no secrets
    count = chance.randint(2, 16)
    ins, outs = chance.randint(0, 3), chance.randint(0, 2)
    total = count + ins + outs
    items = Items()
    for k in range(total):
        is_child = k < count
        width = chance.choice([60, 96, 120.5, 176]) if is_child else 0.0
        items.left.append(width / 2 + chance.choice([0, 0, 0, 31.25]) * is_child)
        items.right.append(width / 2 + chance.choice([0, 0, 7]) * is_child)
        items.length.append(chance.choice([18, 19, 31, 44, 230.5]) if is_child else 0.0)
        items.weight.append(chance.choice([1, 1, 2, 9]) if is_child else 0)
        items.order.append(k if is_child else 10**9)
        items.overhang.append(0.0)
        items.label.append(chance.choice([0.0, 0.0, 41.5]) if is_child else 0.0)
        items.takes_side_entry.append(is_child and chance.random() < 0.25)
    items.first = set(range(count, count + ins))
    items.last = set(range(count + ins, total))
    pairs = {(a, b) for b in range(1, count) for a in range(b) if chance.random() < 0.7 / (b - a)}
    pairs |= {(port, chance.randrange(count)) for port in items.first}
    pairs |= {(chance.randrange(count), port) for port in items.last}
    for source, target in sorted(pairs):
        shift = chance.choice([0.0, 0.0, 12.5, -8.5])
        items.edges.append(Edge(source, target, 0.0, shift, source))
    return items


def as_case(items, *, labels_across, skips_left):
    return {
        "left": items.left,
        "right": items.right,
        "length": items.length,
        "weight": items.weight,
        "order": items.order,
        "overhang": items.overhang,
        "label": items.label,
        "takesSideEntry": items.takes_side_entry,
        "first": sorted(items.first),
        "last": sorted(items.last),
        "edges": [
            {
                "source": e.source,
                "target": e.target,
                "start": e.start,
                "end": e.end,
                "producer": e.producer,
            }
            for e in items.edges
        ],
        "labelsAcross": labels_across,
        "skipsLeft": skips_left,
    }


def test_random_containers_have_the_same_places_and_wires(headless):
    cases = [(random_items(seed), seed % 3 != 0, seed % 5 == 0) for seed in range(400)]
    found = headless({"solve": [as_case(i, labels_across=a, skips_left=s) for i, a, s in cases]})
    for seed, ((items, labels_across, skips_left), there) in enumerate(
        zip(cases, found, strict=True)
    ):
        across, routing = solve(items, labels_across=labels_across, skips=-1 if skips_left else 1)
        assert there["across"] == pytest.approx(across, abs=1e-6), seed
        assert there["along"] == pytest.approx(routing.along, abs=1e-6), seed
        for mine, theirs in zip(routing.wires, there["wires"], strict=True):
            assert [tuple(p) for p in theirs] == [pytest.approx(p, abs=1e-6) for p in mine], seed


def python_places(outline, direction):
    """Every box of an open outline, laid out by Python with the viewer's sizes."""
    size = sized(outline)
    root = to_nodes(outline.root, outline.batch)
    for node in root.leaves():
        node.width, node.axis = size[node.box].width, size[node.box].axis
    connect(root)
    arrange(root, direction, {})
    found = []

    def walk(group, x, y):
        for child in group.children:
            left, top = x + child.x, y + child.y
            found.append((child.box.written_name, left, top, child.width, child.height))
            walk(child, left, top)

    walk(root, 0.0, 0.0)
    return found


@pytest.mark.parametrize("direction", ["TB", "LR"])
@pytest.mark.parametrize("fold", [True, False])
def test_a_whole_model_has_the_same_places(graph, headless, direction, fold):
    outline = open_outline(graph, depth="all", fold=fold)
    document, _ = encode(graph, outline)
    there = headless({"document": document | {"direction": direction}})
    here = python_places(outline, direction)
    assert [row[1] for row in there] == [row[0] for row in here]
    for mine, theirs in zip(here, there, strict=True):
        assert theirs[2:] == pytest.approx(mine[1:], abs=0.1), mine[0]
