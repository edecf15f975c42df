"""Metrics made by hand, as a history would hand them out."""

import numpy as np
import pytest

from introspect.canvas import Canvas
from introspect.nouns.metric import Metric


@pytest.fixture
def metric():
    def make(name="loss", data=(), steps=None):
        steps = np.arange(len(data)) if steps is None else np.asarray(steps, dtype=np.int64)
        if all(isinstance(value, int | float) for value in data):
            column = np.array(data, dtype=np.float64)
        else:
            column = np.empty(len(data), dtype=object)
            for row, value in enumerate(data):
                column[row] = value
        return Metric(name, steps, column, np.arange(len(data), dtype=np.float64))

    return make


@pytest.fixture
def canvas():
    return Canvas(backend="none")


@pytest.fixture
def texts():
    def of(figure):
        return [text.get_text() for text in figure.findobj(lambda a: hasattr(a, "get_text"))]

    return of
