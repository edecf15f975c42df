"""Values that `History.log` accepts beyond numbers, tensors and arrays.

>>> from introspect.values import Image
>>> Image.of([[0.0, 1.0]]).pixels.tolist()
[[0, 255]]
"""

from introspect.nouns.values import Image

__all__ = ["Image"]
