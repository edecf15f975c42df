"""hiddenlayer 0.3, on torch of today: ``import introspect.compat.hiddenlayer as hl``.

=========================================  ========  ==========================================
name                                       is        remark
=========================================  ========  ==========================================
``build_graph(model, args, transforms)``   better    the real one fails on torch since 1.6
``build_graph(input_names)``               not here  hiddenlayer does not heed it; warns once
``Graph(model, args, ...)``                better    transforms take effect
``Graph.nodes, edges, theme``              same
``Graph.add_node ... search, replace``     same      also ``remove``, ``siblings``, ``sequence_id``
``Graph.build_dot()``                      same      the text is hiddenlayer's
``Graph.save(path, format)``               better    no Graphviz; folders are made; svg, jpg, ...
``Graph._repr_svg_``                       better    a picture in notebooks of today
``Node``, ``graph.THEMES``                 same      all keys of a theme are heeded
``transforms.Fold``                        better    ends when it folds an op to itself
``transforms.FoldId``                      better    no id is lost; knows the shape of its result
``transforms.FoldDuplicates``              better    ends on an empty graph
``transforms.Prune, PruneBranch``          same
``transforms.Rename(op, name, to)``        better    ``name=`` where nodes have none
``transforms.SIMPLICITY_TRANSFORMS``       same
``ge`` (parser and patterns)               same      ``Fold`` refuses what it cannot read whole
``pytorch_builder``                        same      ``FRAMEWORK_TRANSFORMS``, ``import_graph``, ...
``tf_builder``, ``detect_framework``       not here  TensorFlow 1
``History.log``                            better    bfloat16; int and tuple steps may mix
``History.step, steps, metrics, history``  same      ``history`` is a copy
``history[k]``, ``history.Metric``         better    an unknown name is an error that says so
``History.progress``                       better    the line rewrites itself
``History.summary, get_total_time``        same
``History.save, load``                     better    the same pickle, which is read and not run
``Canvas``, ``draw_plot``                  better    no pyplot; does not wait 0.1 s a picture
``Canvas.draw_image``                      better    signed weights in two colours
``Canvas.draw_hist``                       better    one histogram a step; its title is written
``Canvas.draw_summary``                    better    works alone
``Canvas.save, render``, own ``draw_x``    better    also ``.gif``; works after an exception
``Canvas.figure, ax, gs, backend``         same
``Canvas.theme``                           not here  ``canvas.DEFAULT_THEME["fig_width"]`` is heeded
``Canvas.drawing_calls``                   not here  empty: ``panels`` holds what was drawn
``show_images``, ``write``                 better    also tensors, empty arrays, ``cmap=``
``utils.to_data``                          better    bfloat16
=========================================  ========  ==========================================
"""

from introspect.compat.hiddenlayer import canvas as canvas
from introspect.compat.hiddenlayer import ge as ge
from introspect.compat.hiddenlayer import graph as graph
from introspect.compat.hiddenlayer import history as history
from introspect.compat.hiddenlayer import pytorch_builder as pytorch_builder
from introspect.compat.hiddenlayer import transforms as transforms
from introspect.compat.hiddenlayer import utils as utils
from introspect.compat.hiddenlayer.canvas import Canvas as Canvas
from introspect.compat.hiddenlayer.canvas import show_images as show_images
from introspect.compat.hiddenlayer.graph import Graph as Graph
from introspect.compat.hiddenlayer.graph import Node as Node
from introspect.compat.hiddenlayer.graph import build_graph as build_graph
from introspect.compat.hiddenlayer.history import History as History
from introspect.compat.hiddenlayer.utils import write as write

__all__ = [
    "Canvas",
    "Graph",
    "History",
    "Node",
    "build_graph",
    "canvas",
    "ge",
    "graph",
    "history",
    "pytorch_builder",
    "show_images",
    "transforms",
    "utils",
    "write",
]
