"""torchviz 0.0.3, without Graphviz: ``from introspect.compat.torchviz import make_dot``.

===========================================  ========  =============================================
name                                         is        remark
===========================================  ========  =============================================
``make_dot(var, params)``                    same      nodes, labels, edges and their order
``make_dot(show_attrs, max_attr_chars)``     better    attributes stand in two columns
``make_dot(show_saved)``                     better    also after ``backward()``; hooks do not run
``make_dot(var)`` of lists, dicts, ...       better    any structure of tensors, ModelOutput too
``make_dot`` of deep graphs                  better    no recursion: 20,000 functions are fine
``make_dot`` on Python 3.12 and later        better    no ``distutils``
ids of nodes                                 better    numbers from 0, the same in every run
``resize_graph``                             same      ``size_per_element``, ``min_size``
``make_dot_from_trace``                      same      raises NotImplementedError, as there
``dot.get_fn_name, Node, SAVED_PREFIX``      same
``.source, .body, .node, .edge, .attr``      same      the text is graphviz's
``.graph_attr, .node_attr, .edge_attr``      same
``.save(filename, directory)``               better    a file appears only when it is whole
``.render(filename, directory, ...)``        better    pdf, png, svg, jpg, ... without Graphviz
``.view()``                                  better    without a screen it says where the file is
``.pipe(format)``, notebook picture          better    likewise; parameters stand by their functions
``.render(renderer, formatter)``             not here  Graphviz's own; warn once
``.engine`` other than ``dot``               not here  warns once; ``dot`` is our layout
===========================================  ========  =============================================
"""

from introspect.compat.torchviz import dot as dot
from introspect.compat.torchviz.dot import make_dot as make_dot
from introspect.compat.torchviz.dot import make_dot_from_trace as make_dot_from_trace
from introspect.compat.torchviz.dot import resize_graph as resize_graph

__all__ = ["dot", "make_dot", "make_dot_from_trace", "resize_graph"]
