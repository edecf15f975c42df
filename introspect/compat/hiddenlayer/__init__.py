"""hiddenlayer 0.3, on torch of today: ``import introspect.compat.hiddenlayer as hl``.

===============================  ========  ==============================================
name                             is        remark
===============================  ========  ==============================================
``build_graph(model, args)``     same      real hiddenlayer fails on torch since 1.6
``graph.THEMES``                 same      ``basic`` and ``blue``
``Graph.theme``                  better    colours and font; sizes warn
``Graph.save(path, format)``     better    no Graphviz; folders are made
``Graph._repr_svg_``             better    a picture in notebooks of today
``History.log``, ``history[k]``  better    bfloat16; int and tuple steps may mix
``History.step, steps, metrics`` same
``History.get_total_time``       same
``History.progress, summary``    better    the progress line rewrites itself
``Canvas``, ``draw_plot``        better    no pyplot; does not wait 0.1 s a picture
``Canvas.draw_image``            better    signed weights in two colours
``Canvas.draw_hist``             better    one histogram a step, not a growing tail
``Canvas.draw_summary``          better    works alone
``Canvas.save``, ``draw_x``      better    also ``.gif``
``transforms``, ``Node``, ``ge`` not here  the picture is fused and folded by itself
``show_images``, ``write``       not here
``History.save, load``           not here  ``introspect.History(folder)`` keeps itself
===============================  ========  ==============================================
"""

from introspect.canvas import Canvas as Canvas
from introspect.compat.hiddenlayer import graph as graph
from introspect.compat.hiddenlayer.graph import Graph as Graph
from introspect.compat.hiddenlayer.graph import build_graph as build_graph
from introspect.compat.hiddenlayer.history import History as History

__all__ = ["Canvas", "Graph", "History", "build_graph", "graph"]
