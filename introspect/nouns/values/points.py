"""Points in space: `Embedding` in any number of dimensions, `Mesh` in three.

Axes:
    n: points    d: dimensions    m: triangles    h, w, c: height, width and channels of a picture

Not here: how numbers become pixels (``introspect.nouns.values.pixels``).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from introspect.errors import HistoryError
from introspect.nouns.values.arrays import (
    MOST_BYTES,
    check_array,
    check_names,
    check_type,
    described,
    private,
    real_numbers,
)
from introspect.nouns.values.pixels import frames_of


@dataclass(frozen=True, slots=True, eq=False)
class Embedding:
    """Vectors, and what each of them stands for.

    Attributes:
        vectors: float32 of shape ``(n, d)``.
        columns: Names of what `labels` say; none if there are none.
        labels: n rows, each as long as `columns`; no rows if there are no columns.
        thumbnails: uint8 of shape ``(n, h, w, c)`` with c in 1, 3, 4; or None.
    """

    vectors: npt.NDArray[np.float32]
    columns: tuple[str, ...] = ()
    labels: tuple[tuple[str, ...], ...] = ()
    thumbnails: npt.NDArray[np.uint8] | None = None

    def __post_init__(self) -> None:
        check_array(self.vectors, "vectors", np.float32, "n d")
        check_names(self.columns, "columns")
        check_type(self.labels, "labels", tuple)
        for row in self.labels:
            check_names(row, "labels")
            if len(row) != len(self.columns):
                raise HistoryError(
                    "each row of labels has one for each column.",
                    given=f"{len(row)} labels, {len(self.columns)} columns",
                )
        if len(self.labels) != (len(self.vectors) if self.columns else 0):
            raise HistoryError(
                "each vector has its labels.",
                given=f"{len(self.vectors)} vectors, {len(self.labels)} rows of labels",
            )
        if self.thumbnails is not None:
            check_array(self.thumbnails, "thumbnails", np.uint8, "n h w c")
            count, height, width, channels = self.thumbnails.shape
            if count != len(self.vectors) or channels not in {1, 3, 4} or not height * width:
                raise HistoryError(
                    "each vector has one picture.",
                    given=f"{len(self.vectors)} vectors, {described(self.thumbnails)}",
                )
            if self.vectors.nbytes + self.thumbnails.nbytes > MOST_BYTES:
                raise HistoryError(
                    "an embedding is too large to be logged.",
                    given=f"{described(self.vectors)}, {described(self.thumbnails)}",
                    hint="smaller thumbnails",
                )

    @classmethod
    def of(
        cls,
        vectors: Any,
        *,
        labels: Any = None,
        columns: Sequence[str] | None = None,
        thumbnails: Any = None,
    ) -> Self:
        """Vectors with labels and pictures.

        Args:
            vectors: ``(n, d)``; copied, to float32.
            labels: One for each vector; or a row of several for each; or a mapping of names to
                columns. Anything becomes its ``str``.
            columns: Names for what rows hold; "label" or "0", "1", ... by default.
            thumbnails: ``(n, h, w)``, ``(n, c, h, w)`` or ``(n, h, w, c)``, or a list of
                pictures of one shape; scaled alike, as those of `Images.of`.

        Raises:
            HistoryError: If numbers of vectors, labels and pictures differ.

        Example:
            >>> Embedding.of(np.zeros((3, 64)), labels=["cat", "dog", "owl"])
            <Embedding 3 vectors of 64: label>
        """
        array = real_numbers(vectors, "an embedding", "floats")
        if array.ndim != 2:
            raise HistoryError(
                "an embedding is a matrix of vectors.",
                given=described(array),
                hint="vectors.reshape(len(vectors), -1)",
            )
        names, rows = _columns_and_rows(labels, columns)
        if names and len(rows) != len(array):
            raise HistoryError(
                "each vector has its labels.", given=f"{len(array)} vectors, {len(rows)} labels"
            )
        with np.errstate(over="ignore"):
            small = array.astype(np.float32)
        return cls(
            vectors=private(small),
            columns=names,
            labels=rows if names else (),
            thumbnails=None if thumbnails is None else private(frames_of(thumbnails, "thumbnails")),
        )

    def __len__(self) -> int:
        return len(self.vectors)

    def __repr__(self) -> str:
        count, size = self.vectors.shape
        names = f": {', '.join(self.columns)}" if self.columns else ""
        pictures = "" if self.thumbnails is None else " with pictures"
        return f"<Embedding {count} vectors of {size}{pictures}{names[:60]}>"


def _columns_and_rows(
    labels: Any, columns: Sequence[str] | None
) -> tuple[tuple[str, ...], tuple[tuple[str, ...], ...]]:
    if labels is None:
        return (), ()
    if isinstance(labels, Mapping):
        names = tuple(str(name) for name in (labels if columns is None else columns))
        table = [list(labels[name]) for name in (labels if columns is None else columns)]
        if len({len(column) for column in table}) > 1:
            raise HistoryError(
                "the columns of labels are equally long.",
                given=", ".join(str(len(column)) for column in table),
            )
        return names, tuple(tuple(map(str, row)) for row in zip(*table, strict=True))
    listed = labels.tolist() if hasattr(labels, "tolist") else list(labels)
    is_single = not any(isinstance(row, list | tuple) for row in listed)
    rows = [(label,) if is_single else tuple(label) for label in listed]
    width = len(rows[0]) if rows else len(columns or ())
    if columns is None:
        columns = ["label"] if is_single else [str(index) for index in range(width)]
    return tuple(map(str, columns)), tuple(tuple(map(str, row)) for row in rows)


@dataclass(frozen=True, slots=True, eq=False)
class Mesh:
    """Points in space, with colours, and triangles between them.

    Attributes:
        vertices: float32 of shape ``(n, 3)``: x, y, z.
        colors: uint8 of shape ``(n, 3)``: red, green, blue; or None.
        faces: int32 of shape ``(m, 3)``: the rows of a triangle's corners; None for points alone.
    """

    vertices: npt.NDArray[np.float32]
    colors: npt.NDArray[np.uint8] | None = None
    faces: npt.NDArray[np.int32] | None = None

    def __post_init__(self) -> None:
        check_array(self.vertices, "vertices", np.float32, "n 3")
        if self.colors is not None:
            check_array(self.colors, "colors", np.uint8, "n 3")
            if len(self.colors) != len(self.vertices):
                raise HistoryError(
                    "each point has one colour.",
                    given=f"{len(self.vertices)} points, {len(self.colors)} colours",
                )
        if self.faces is not None:
            check_array(self.faces, "faces", np.int32, "m 3")
            faces = self.faces
            if faces.size and not 0 <= faces.min() <= faces.max() < len(self.vertices):
                raise HistoryError(
                    "the corners of a triangle are rows of the points.",
                    given=f"{faces.min()} to {faces.max()}, {len(self.vertices)} points",
                )

    @classmethod
    def of(cls, vertices: Any, *, colors: Any = None, faces: Any = None) -> Self:
        """Points of tensors or arrays; each may have a first axis of 1, as TensorBoard's have.

        Args:
            vertices: ``(n, 3)`` or ``(1, n, 3)``; copied, to float32.
            colors: The same shape: integers 0 to 255, or floats 0 to 1.
            faces: ``(m, 3)`` or ``(1, m, 3)``: rows of `vertices`, from 0.

        Raises:
            HistoryError: If a shape is another, or a corner or colour is out of range.

        Example:
            >>> Mesh.of([[0, 0, 0], [1, 0, 0], [0, 1, 0]], faces=[[0, 1, 2]])
            <Mesh 3 points, 1 triangle>
        """
        with np.errstate(over="ignore"):
            points = private(_triples(vertices, "vertices").astype(np.float32))
        return cls(
            vertices=points,
            colors=None if colors is None else _colors(_triples(colors, "colors")),
            faces=None if faces is None else _corners(_triples(faces, "faces")),
        )

    def __repr__(self) -> str:
        colored = "" if self.colors is None else " in colour"
        count = None if self.faces is None else len(self.faces)
        triangles = "" if count is None else f", {count} triangle{'' if count == 1 else 's'}"
        return f"<Mesh {len(self.vertices)} points{colored}{triangles}>"


def _triples(data: Any, what: str) -> npt.NDArray[Any]:
    array = real_numbers(data, what, "three numbers in each row")
    if array.ndim == 3 and len(array) == 1:
        array = array[0]
    if array.ndim != 2 or array.shape[1] != 3:
        raise HistoryError(
            f"{what} of a mesh have three numbers in each row.",
            given=described(array),
            hint="(n, 3) or (1, n, 3)",
        )
    return array


def _colors(array: npt.NDArray[Any]) -> npt.NDArray[np.uint8]:
    if array.dtype.kind == "f":
        is_good = ((array >= 0) & (array <= 1)).all()
        array = np.rint(array.astype(np.float64) * 255.0)
    else:
        is_good = ((array >= 0) & (array <= 255)).all()
    if not is_good:
        raise HistoryError(
            "colours are integers from 0 to 255, or floats from 0 to 1.", given=described(array)
        )
    return private(array.astype(np.uint8))


def _corners(array: npt.NDArray[Any]) -> npt.NDArray[np.int32]:
    if (array != np.floor(array)).any() or not (np.abs(array) < 1 << 31).all():
        raise HistoryError(
            "the corners of a triangle are rows of the points.", given=described(array)
        )
    return private(array.astype(np.int32))
