"""torchview 0.2.7: ``import introspect.compat.torchview as torchview``.

The boxes, arrows, labels and depths are torchview's, out of the graph of ``introspect.trace``; the
picture is laid out here, and needs neither Graphviz nor the package graphviz.

==========================  ==================================================================
name
==========================  ==================================================================
``draw_graph``              same: signature, boxes, arrows, ``x2``, rolled modules, frames
                            of ``expand_nested``; what is better, see below
``ComputationGraph``        same: ``visual_graph`` ``resize_graph`` ``fill_visual_graph``
                            ``render_nodes`` ``render_edges`` ``add_node`` ``add_edge``
                            ``get_node_label`` ``get_node_color`` ``reset_graph_history``
                            ``edge_list`` ``node_set`` ``id_dict`` ``root_container``
                            ``html_config``. Better: a changed
                            ``depth``, ``roll`` and so on holds at the next ``fill_visual_graph``;
                            ``graph`` is ours
``.visual_graph``           same methods: ``source render save view pipe``; better: it shows
                            itself in a notebook, whole (``introspect.compat.digraph``)
``Node TensorNode``         same attributes: ``name depth node_id parents children tensor_shape``
``ModuleNode FunctionNode`` ``input_shape output_shape attributes is_container``
``RecorderTensor``          not here: tensors stay what they are
==========================  ==================================================================

Better in ``draw_graph``:

- transformers that return a key-value cache are drawn, where torchview raises KeyError;
- so is what comes after an in-place assignment, a detection model's list of images, a tensor
  subclass, a nested tensor, DTensors, inputs and outputs in dataclasses;
- ``zeros_like(x)`` and ``randn_like(x)`` have an arrow to what reads them;
- scripted functions are drawn, and what comes after them; a traced module has the name of its
  class, where torchview writes ``forward``; a lazy one the name of what it becomes;
- ``torch`` is not patched, and the model's train and eval flags, buffers, random numbers and
  device stay as they were; a model on ``meta`` is drawn;
- of several arrows between two boxes one is drawn and counted, with ``strict=True``;
- half precision on the CPU, and compiled and scripted models, bring no warning.

Different: a tensor that is given twice is one input, as the model can see that it is.

Not here: a box for ``requires_grad_``, which changes no number; ``context_tracker``,
``node_hierarchy``, ``traverse_graph``, ``collect_graph``.
"""

from introspect.compat.torchview.computation_graph import ComputationGraph
from introspect.compat.torchview.computation_node import (
    FunctionNode,
    ModuleNode,
    Node,
    TensorNode,
)
from introspect.compat.torchview.torchview import draw_graph

__all__ = (
    "ComputationGraph",
    "FunctionNode",
    "ModuleNode",
    "Node",
    "TensorNode",
    "draw_graph",
)
__version__ = "0.2.7"
