"""The layout of the viewer gives the places that Python's gives."""

import random

import pytest

from introspect.graph.formats import html_places
from introspect.graph.formats.html_data import encode, sized
from introspect.graph.formats.html_details import Reader
from introspect.graph.formats.html_places import first_places
from introspect.graph.layout import place
from introspect.graph.layout.card import to_nodes
from introspect.graph.layout.connect import connect
from introspect.graph.layout.container import arrange, solve
from introspect.graph.layout.rank import Edge, Items
from introspect.graph.outline import open_outline, outline


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
        items.reach.append(items.left[-1] - chance.choice([0, 0, 11]) * is_child)
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
        "reach": items.reach,
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
    document, _ = encode(outline, Reader(graph).of)
    there = headless({"document": document | {"direction": direction}})
    here = python_places(outline, direction)
    assert [row[1] for row in there] == [row[0] for row in here]
    for mine, theirs in zip(here, there, strict=True):
        assert theirs[2:] == pytest.approx(mine[1:], abs=0.1), mine[0]


def wide_fan(count):
    """A stem, branches of one or two boxes, and a join: wider than a page in one row."""
    items = Items()
    for k in range(2 * count + 2):
        items.left.append(50.0 + k % 3)
        items.right.append(50.0)
        items.reach.append(50.0)
        items.length.append(31.0 + k % 2)
        items.weight.append(1)
        items.order.append(k)
        items.overhang.append(7.0 if k % 5 == 0 else 0.0)
        items.label.append(41.5 if k % 2 else 0.0)
        items.takes_side_entry.append(False)
    for k in range(count):
        items.edges.append(Edge(0, 1 + k, 0.0, 0.0, 0))
        is_long = k % 3 == 0
        if is_long:
            items.edges.append(Edge(1 + k, 1 + count + k, 0.0, 2.5, 1 + k))
        end = 1 + count + k if is_long else 1 + k
        items.edges.append(Edge(end, 2 * count + 1, 0.0, 0.0, end))
    return items


@pytest.mark.parametrize("labels_across", [True, False])
def test_branches_in_rows_and_columns_have_the_same_places_and_wires(headless, labels_across):
    cases = [wide_fan(count) for count in (11, 17, 30)]
    asked = [as_case(i, labels_across=labels_across, skips_left=False) for i in cases]
    for items, there in zip(cases, headless({"solve": asked}), strict=True):
        across, routing = solve(items, labels_across=labels_across)
        assert len(set(routing.along)) > 4
        assert there["across"] == pytest.approx(across, abs=1e-6)
        assert there["along"] == pytest.approx(routing.along, abs=1e-6)
        for mine, theirs in zip(routing.wires, there["wires"], strict=True):
            assert [tuple(p) for p in theirs] == [pytest.approx(p, abs=1e-6) for p in mine]


@pytest.mark.parametrize("direction", ["TB", "LR"])
@pytest.mark.parametrize("name", ["unet", "resnet50", "vgg16", "gpt2", "t5"])
def test_the_first_view_stands_as_the_still_picture(zoo_graph, headless, name, direction):
    drawn = open_outline(zoo_graph(name), dissolved=True)
    cards = sized(drawn)
    first = first_places(drawn, cards, direction)
    document, _ = encode(drawn, Reader(zoo_graph(name)).of)
    there = headless({"document": document | {"direction": direction, "first": first}})
    still = place(outline(zoo_graph(name)), direction)
    here = {}
    todo = [(still, 0.0, 0.0)]
    while todo:
        node, x, y = todo.pop()
        x, y = x + node.x, y + node.y
        if node.parent is not None and not node.is_shelf:
            here.setdefault((node.box.path, node.box.written_name), []).append((x, y))
        todo += [(child, x, y) for child in node.children]
    assert len(there) == sum(map(len, here.values()))
    # The cards of a page keep one width, so places differ a little; their order must not.
    for axis in (0, 1):
        pairs = [
            (row[2 + axis], here[row[0], row[1]][0][axis])
            for row in there
            if len(here.get((row[0], row[1]), ())) == 1
        ]
        pairs.sort()
        assert len(pairs) > 5
        swapped = [
            (a, b)
            for k, a in enumerate(pairs)
            for b in pairs[k + 1 :]
            if b[0] - a[0] > 60 and a[1] - b[1] > 60
        ]
        assert swapped == []


def test_a_first_view_of_too_many_boxes_is_left_to_the_viewer(graph, monkeypatch):
    drawn = open_outline(graph, depth="all", dissolved=True)
    assert first_places(drawn, sized(drawn))
    monkeypatch.setattr(html_places, "MOST_BOXES", 5)
    assert first_places(drawn, sized(drawn)) == []
