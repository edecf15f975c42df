"""How many lines cross in a picture: in ours, and in what dot makes of the same outline.

Lines that carry the same value, or that end on the same box, may touch: they are not counted.
"""

from itertools import pairwise

from introspect.graph.layout.node import Node

Point = tuple[float, float]
Line = tuple[object, object, list[Point]]  # from, to, points


def our_lines(root: Node) -> list[Line]:
    """Every wire on the page; a wire at a border has the group's port as its end."""
    lines: list[Line] = []
    todo = [(root, 0.0, 0.0)]
    while todo:
        group, x, y = todo.pop()
        for wire in group.wires:
            points = [(x + px, y + py) for px, py in wire.points]
            lines.append((id(wire.producer), (id(group), id(wire.target)), points))
        inner = [child for child in group.children if child.form == "group"]
        todo.extend((child, x + child.x, y + child.y) for child in inner)
    return lines


def dot_lines(plain: str) -> list[Line]:
    """The edges of `dot -Tplain`, its cubic curves as eight chords each."""
    lines: list[Line] = []
    for row in plain.splitlines():
        words = row.split(" ")
        if words[0] != "edge":
            continue
        count = int(words[3])
        flat = [float(word) for word in words[4 : 4 + 2 * count]]
        controls = list(zip(flat[::2], flat[1::2], strict=True))
        points = [controls[0]]
        for k in range(0, count - 1, 3):
            points += [_bezier(controls[k : k + 4], step / 8) for step in range(1, 9)]
        lines.append((words[1], words[2], points))
    return lines


def _bezier(controls: list[Point], t: float) -> Point:
    weights = ((1 - t) ** 3, 3 * t * (1 - t) ** 2, 3 * t * t * (1 - t), t**3)
    x = sum(w * point[0] for w, point in zip(weights, controls, strict=True))
    y = sum(w * point[1] for w, point in zip(weights, controls, strict=True))
    return x, y


def crossings(lines: list[Line]) -> int:
    """Pairs of lines that cross, each as often as it does; shared trunks are counted once."""
    places: set[tuple[int, int]] = set()
    boxed = sorted(
        (min(x for x, _ in points), max(x for x, _ in points), n)
        for n, (_, _, points) in enumerate(lines)
    )
    active: list[tuple[float, int]] = []
    for low, high, number in boxed:
        active = [(end, other) for end, other in active if end > low]
        source, target, points = lines[number]
        for _, other in active:
            other_source, other_target, other_points = lines[other]
            if source != other_source and target != other_target:
                places.update(_meetings(points, other_points))
        active.append((high, number))
    return len(places)


def _meetings(first: list[Point], second: list[Point]) -> set[tuple[int, int]]:
    low, high = min(y for _, y in first), max(y for _, y in first)
    if max(y for _, y in second) < low or min(y for _, y in second) > high:
        return set()
    found = set()
    for a, b in pairwise(first):
        for c, d in pairwise(second):
            t, s = _turn(a, b, c), _turn(a, b, d)
            if t * s < 0 and _turn(c, d, a) * _turn(c, d, b) < 0:
                share = t / (t - s)
                x, y = c[0] + (d[0] - c[0]) * share, c[1] + (d[1] - c[1]) * share
                found.add((round(x * 10), round(y * 10)))
    return found


def _turn(a: Point, b: Point, c: Point) -> float:
    return (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])
