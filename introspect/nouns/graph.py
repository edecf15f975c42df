"""Graph: what a model is, as its operations, the values between them and the module calls.

A directed graph in the order of execution. An `Op` is one call of a torch function, a
`Value` one tensor at one moment (an in-place write makes a new Value of the same storage),
a `Call` one run of a module's forward; a module that runs three times has three Calls.

Cost: about 0.5 kB for each op with its values. No tensor is kept. A graph that was just traced
makes its ops, values and calls when one of them is first asked for (3 us an op, once).

Not here: how a Graph is made (``introspect.graph.trace``), how it is drawn
(``introspect.graph.outline``, then ``layout``, then ``formats``).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from os import PathLike
from threading import RLock
from typing import Any, Literal

from introspect.nouns.verbs import verb

ValueKind = Literal["input", "parameter", "buffer", "constant", "result", "alias"]
Flag = Literal["in_place", "view", "pass_through", "data_dependent"]


class _Tensor:
    """Stands for a tensor in the recorded arguments of an op."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "tensor"


TENSOR = _Tensor()
"""The placeholder for a tensor in `Op.arguments`; the tensors themselves are `Op.inputs`."""


@dataclass(frozen=True, slots=True, eq=False)
class Value:
    """One tensor at one moment of the run.

    Attributes:
        index: Position in `Graph.values`.
        shape: Sizes, or None where the tensor has none to tell.
        dtype: ``"float32"`` and so on, as torch spells it after ``torch.``.
        device: ``"cpu"``, ``"cuda:0"``, ``"meta"``.
        kind: Where it comes from; ``"result"`` for everything that an op made, ``"alias"`` for
            a tensor that was written through another tensor of the same storage.
        name: Qualified name of a parameter or buffer, name of an input; else empty.
        aliases: Further names of the same tensor (tied weights).
        producer: The op that made it, None for inputs, parameters, buffers and constants.
        requires_grad: For a parameter: whether it is trained.
    """

    index: int
    shape: tuple[int, ...] | None
    dtype: str
    device: str
    kind: ValueKind
    name: str = ""
    aliases: tuple[str, ...] = ()
    producer: "Op | None" = None
    requires_grad: bool = False

    def __repr__(self) -> str:
        sizes = "×".join(map(str, self.shape)) if self.shape else "scalar"
        return f"<Value {self.index} {self.kind} {self.name or sizes} {self.dtype}>"


@dataclass(frozen=True, slots=True, eq=False)
class Call:
    """One run of one module's forward.

    Attributes:
        index: Position in `Graph.calls`.
        path: Qualified name, ``"layer1.0.conv1"``; ``""`` is the model itself.
        module: Class name of the module.
        builtin: Whether the class is torch's own.
        parent: The call it ran inside, None for the model itself.
        repetition: 0 for the module's first call, 1 for its second, and so on.
        settings: Hyper-parameters of the module that a picture may name.
        parameters: Number of scalars in its parameters, tied ones counted once.
        training: Whether the module was in training mode.
        inputs: Values that its forward was given.
        outputs: Values that its forward returned.
    """

    index: int
    path: str
    module: str
    builtin: bool
    parent: "Call | None"
    repetition: int
    settings: Mapping[str, Any]
    parameters: int
    training: bool
    inputs: tuple[Value, ...] = ()
    outputs: tuple[Value, ...] = ()

    def __repr__(self) -> str:
        return f"<Call {self.path or '(model)'} {self.module}>"


@dataclass(frozen=True, slots=True, eq=False)
class Op:
    """One call of a torch function.

    Attributes:
        index: Position in `Graph.ops`, the order of execution.
        name: Function name: ``"conv2d"``, ``"relu_"``, ``"__add__"``.
        call: The module call that it ran in.
        inputs: Tensors it read, in argument order.
        outputs: Tensors it made, or wrote in place.
        arguments: Positional arguments, tensors replaced by `TENSOR`.
        options: Keyword arguments, likewise.
        function: The outermost plain function below ``forward`` that led here, or ``""``.
        source: ``(file, line)`` of the innermost frame in the user's code, or None.
        flags: ``"in_place"``: it wrote into one of its inputs; ``"view"``: an output shares the
            storage of an input; ``"pass_through"``: it returned its input itself, and made no
            value; ``"data_dependent"``: Python read numbers from a tensor.
        children: At ``level="aten"`` the ATen operators that ran below it.
        elapsed_s: With ``times=True`` the wall time in seconds, else None.
    """

    index: int
    name: str
    call: Call | None
    inputs: tuple[Value, ...]
    outputs: tuple[Value, ...] = ()
    arguments: tuple[Any, ...] = ()
    options: Mapping[str, Any] = field(default_factory=dict)
    function: str = ""
    source: tuple[str, int] | None = None
    flags: frozenset[Flag] = frozenset()
    children: "tuple[Op, ...]" = ()
    elapsed_s: float | None = None

    @property
    def writes(self) -> bool:
        """Whether it changed one of its inputs in place."""
        return "in_place" in self.flags

    def __repr__(self) -> str:
        where = self.call.path if self.call else ""
        return f"<Op {self.index} {self.name}{' in ' + where if where else ''}>"


_reading = RLock()


class _Unread:
    """Fields of a Graph that are made when one of them is first asked for.

    A field that was never set is a slot without a value, for which Python calls
    ``__getattr__``: a graph that is whole pays nothing.
    """

    __slots__ = ("_autograd", "_read")

    def __getattr__(self, name: str) -> Any:
        if name not in _FIELDS:
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")
        with _reading:  # two threads must see the same ops
            read = getattr(self, "_read", None) if name != "_read" else None
            if read is not None:
                for key, value in read().items():
                    object.__setattr__(self, key, value)
                object.__setattr__(self, "_read", None)
        return object.__getattribute__(self, name)


@dataclass(frozen=True, slots=True, eq=False)
class Graph(_Unread):
    """What a model did in one forward.

    Attributes:
        name: What the picture is titled; the class name unless the user says otherwise.
        module: Class name of the model.
        ops: Every operation, in the order of execution.
        values: Every tensor, in the order of first use; parameters that no op read at the end.
        calls: Every module call, in the order of entry; the first is the model itself.
        inputs: Values that the model was given.
        outputs: Values that the model returned.
        output_names: Where each output stood in the result: ``"logits"``, ``"1.boxes"``, or "".
        parameters: Number of scalars in the model's parameters, tied ones counted once.
        mode: ``"real"``: the model was run on the user's tensors; ``"fake"``: on tensors that
            have shapes and no numbers.
        level: ``"function"``: torch functions; ``"aten"``: with their ATen children;
            ``"module"``: the module tree alone, nothing was run.
        notes: What a reader of this graph must know (an output that depends on no input).
    """

    name: str
    module: str
    ops: tuple[Op, ...]
    values: tuple[Value, ...]
    calls: tuple[Call, ...]
    inputs: tuple[Value, ...]
    outputs: tuple[Value, ...]
    output_names: tuple[str, ...]
    parameters: int
    mode: Literal["real", "fake"] = "real"
    level: Literal["function", "aten", "module"] = "function"
    notes: tuple[str, ...] = ()

    def save(self, path: str | PathLike[str], **options: Any) -> None:
        """Draw the graph into a file; the suffix picks the format.

        Args:
            path: Ends in ``.svg``, ``.pdf``, ``.png`` or ``.html`` for a picture, in ``.dot``,
                ``.mmd`` or ``.model-explorer.json`` for other tools, in ``.json`` for the graph
                itself, which `Graph.load` reads. Missing folders are made.
            **options: As of ``introspect.graph.picture``: `depth`, `expand`, `collapse`, `fold`,
                `insets`, `direction`, `title`, `legend`, `color_by`, `size_by`; `theme`;
                `scale` or `dpi` for PNG; `fit` and `tiles` for PDF; `history`, `step` and `color`
                for a training in a picture.

        Raises:
            FormatError: If the suffix or an option is unknown; the message names the known ones.
            SaveError: If the file cannot be written. It is an OSError, too.
        """
        verb("introspect.graph.formats:save")(self, path, **options)

    def with_history(self, history: Any, **options: Any) -> Any:
        """The graph with its training beside the boxes: what a notebook shows, and `save` keeps.

        Args:
            history: That ``introspect.watch`` wrote, or its Watch, or the folder of the run.
            **options: Of `save`; `step` and `color` say what is shown first.

        Returns:
            An ``introspect.graph.life.picture.LivingGraph``.

        Raises:
            HistoryError: If the history has nothing to say about this graph.
        """
        return verb("introspect.graph.life.picture:living")(self, history, **options)

    @staticmethod
    def load(path: str | PathLike[str]) -> "Graph":
        """The graph in a file that ``graph.save("x.json")`` wrote. Needs no torch.

        Raises:
            FormatError: If the file holds something else or is damaged.
        """
        return verb("introspect.graph.formats.json:load")(path)

    def to_dict(self) -> dict[str, Any]:
        """The graph as lists, dicts, texts and numbers (docs/formats/graph.md)."""
        return verb("introspect.graph.formats.json:to_dict")(self)

    @staticmethod
    def from_dict(document: Mapping[str, Any]) -> "Graph":
        """The graph that `to_dict` was given.

        Raises:
            FormatError: If it is something else, later, or damaged; the message names the place.
        """
        return verb("introspect.graph.formats.json:from_dict")(document)

    def to_dot(self, **options: Any) -> str:
        """The outline in the DOT language of Graphviz; ``detail="ops"`` for every operation.

        Args:
            **options: `detail`, `depth`, `fold`, `expand`, `collapse`, `title`, `direction` and
                `theme`.
        """
        return verb("introspect.graph.formats.dot:to_dot")(self, **options)

    def to_mermaid(self, **options: Any) -> str:
        """The outline as a Mermaid flowchart, as READMEs show it. Options as of `to_dot`."""
        return verb("introspect.graph.formats.mermaid:to_mermaid")(self, **options)

    def to_model_explorer(self) -> list[dict[str, Any]]:
        """Every operation as Model Explorer's JSON (``save("m.model-explorer.json")``)."""
        return verb("introspect.graph.formats.model_explorer:to_model_explorer")(self)

    def to_tensorboard(self, logdir: str | PathLike[str]) -> Any:
        """Write an event file for TensorBoard's graph tab, with times if the trace has them.

        Returns:
            The path of the file.

        Raises:
            MissingExtraError: If the package tensorboard is not installed.
        """
        return verb("introspect.graph.formats.graphdef:to_tensorboard")(self, logdir)

    def to_hiddenlayer(self) -> Any:
        """A real ``hiddenlayer.Graph``, for hiddenlayer's own transforms and ``build_dot``.

        Raises:
            MissingExtraError: If hiddenlayer is not installed.
        """
        return verb("introspect.graph.formats.to_hiddenlayer:to_hiddenlayer")(self)

    @property
    def fingerprint(self) -> str:
        """32 hexadecimal digits, equal for equal structure on any machine.

        About 4 us an op, each time. What counts: ``introspect.graph.compare.fingerprint``.
        """
        return verb("introspect.graph.compare.fingerprint:fingerprint")(self)

    def find(self, pattern: str) -> "tuple[Call | Op, ...]":
        """Module calls by path or class, or ops by name; empty if there is none.

        Args:
            pattern: ``"layer3.*.conv2"``, ``"**.attn"``, ``"class:Conv*"``, ``"op:relu"``.
        """
        return verb("introspect.graph.query:find")(self, pattern)

    def subgraph(self, path: str, *, call: int = 0) -> "Graph":
        """What one module did, as a graph of its own.

        Args:
            path: Of the module: ``"encoder.layers.0"``.
            call: Which of its calls, if it ran more than once.

        Raises:
            FormatError: If no such module ran, or not as often; names the paths that are near.
        """
        return verb("introspect.graph.query:subgraph")(self, path, call=call)

    def backward(self, outputs: Any, model: Any) -> Any:
        """The autograd graph of a loss, each function joined to the op it came from.

        Args:
            outputs: A loss, or what the model returned: any structure of tensors.
            model: The model that was traced; it names the parameters.

        Returns:
            An ``introspect.nouns.autograd.AutogradGraph``.

        Raises:
            TraceError: If no output carries gradients.
        """
        return verb("introspect.graph.backward:trace_backward")(outputs, model, self)

    def cost(self) -> Any:
        """FLOPs, multiply-adds, parameters, bytes and times of each op, call and the whole run.

        Returns:
            An ``introspect.graph.cost.Cost``: ``.flops``, ``.macs``, ``.parameters``,
            ``.peak_inference_bytes``, ``.of(op_or_call)``.
        """
        return verb("introspect.graph.cost:cost")(self)

    def summary(self, **options: Any) -> Any:
        """The table of modules with sizes, counts and totals; shows itself as text or HTML.

        Args:
            **options: `depth`: levels of modules, None for all; `columns`: any of ``input_size
                output_size kernel_size parameters parameters_percent multiply_adds flops bytes
                trainable time``; `fold`: whether equal neighbours share one row ``×n``.

        Raises:
            FormatError: If a column is unknown or the depth is negative.
        """
        return verb("introspect.graph.summary:summarise")(self, **options)

    def transformed(self, transforms: Any) -> "Graph":
        """A new graph, folded, pruned or renamed; this one stays as it is.

        Args:
            transforms: One of ``introspect.transforms``, or several in order.
        """
        return verb("introspect.graph.rewrite.transform:transformed")(self, transforms)

    def outline_text(self, *, depth: int | None = None, **options: Any) -> str:
        """The graph as indented text, one line a box.

        Args:
            depth: Levels of modules; None for as many as fit a page.
            **options: `fold`, `expand`, `collapse`, `insets`: as of ``introspect.graph.outline``.
        """
        return verb("introspect.graph.outline:as_text")(self, depth=depth, **options)

    def __repr__(self) -> str:
        return self.outline_text()

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        del include, exclude
        return {
            "text/html": verb("introspect.graph.formats.html:to_html_fragment")(self),
            **verb("introspect.graph.formats:notebook_pictures")(self),
            "text/plain": repr(self),
        }


_FIELDS = frozenset(Graph.__dataclass_fields__)


def unread(read: Callable[[], Mapping[str, Any]], *, autograd: Any = None, **known: Any) -> Graph:
    """A graph of which some fields are made when one of them is first asked for.

    Args:
        read: Makes all fields that are not in `known`; called once at most.
        autograd: What autograd noted in the run, for `Graph.backward`; it is not saved.
        **known: The other fields.

    Example:
        >>> graph = unread(lambda: {"ops": (), "values": ()}, name="Net")
        >>> graph.name, graph.ops
        ('Net', ())
    """
    graph = object.__new__(Graph)
    for name, value in {**known, "_read": read, "_autograd": autograd}.items():
        object.__setattr__(graph, name, value)
    return graph


def autograd_of(graph: Graph) -> Any:
    """What autograd noted in the run of a graph (``Tracer(gradients=True)``), or None."""
    return getattr(graph, "_autograd", None)
