"""Parallel wires in one gap -> lanes, so that no two lie on each other."""

from dataclasses import dataclass, field

Key = tuple[int, int]
"""A fork: its producer and source. A join: its target and where on it."""

_CLEAR = 6.0  # points between two stretches in one lane


@dataclass(slots=True)
class Lanes:
    """The stretches across the flow in the gap below one row.

    Attributes:
        spans: Key of a stretch -> its extent; stretches of equal key are one.
        lane: Key -> number of its lane, after `assign`.
        count: How many lanes there are, after `assign`.
    """

    spans: dict[Key, tuple[float, float]] = field(default_factory=dict)
    lane: dict[Key, int] = field(default_factory=dict)
    count: int = 0

    def add(self, key: Key, start: float, end: float) -> None:
        """Add a stretch from `start` to `end`."""
        low, high = self.spans.get(key, (start, start))
        self.spans[key] = (min(low, start, end), max(high, start, end))

    def assign(self) -> None:
        """Interval colouring: the shortest stretch gets the first free lane."""
        lanes: list[list[tuple[float, float]]] = []
        by_length = sorted(self.spans.items(), key=lambda kv: kv[1][1] - kv[1][0])
        for key, (low, high) in by_length:
            for number, taken in enumerate(lanes):
                if all(high + _CLEAR < a or low - _CLEAR > b for a, b in taken):
                    taken.append((low, high))
                    self.lane[key] = number
                    break
            else:
                self.lane[key] = len(lanes)
                lanes.append([(low, high)])
        self.count = len(lanes)
