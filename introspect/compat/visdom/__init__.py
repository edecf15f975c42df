"""Visdom 0.3 and 0.2: ``from introspect.compat.visdom import Visdom``.

In a notebook the windows of a cell stand below it; elsewhere the first window opens a page of this
machine (extra ``page``). No server, no Visdom, no Plotly. Messages, replies and `get_window_data`
are Visdom's; ``vis.canvas().save("windows.png")`` writes what is seen.

=====================================  ========  ==================================================
name                                   is        remark
=====================================  ========  ==================================================
``Visdom(env, send, offline, ...)``    better    nothing to start; clients of one address share
                                                 windows; ``run=`` keeps them for `introspect view`
``scatter``, ``line``                  better    ``opts`` are copied, not changed; lines that an
                                                 update adds are kept; bfloat16
``stem``, ``quiver``                   same      an arrow has a head of its own
``learning_curve``, ``roc_curve``,     same      an area, a diagonal and a level as in our charts
``pr_curve``, ``dual_axis_lines``
``heatmap``, ``confusion_matrix``      better    an update that does not fit warns, and is not lost
                                                 in a server's log
``histogram2d``, ``surf``,             same      drawn still: no turning by mouse
``contour``, ``mesh``
``bar``, ``pie``                       same
``histogram``                          better    bars stand where they count; NaN is left out
``boxplot``, ``violin``, ``sunburst``, same      drawn still
``sankey``, ``parallel_coordinates``
``image``, ``image_heatmap``           better    int64 and bool pictures; histories keep 200
``images``                             better    ``padding=0``
``image_select``, ``update_...``       same
``audio``                              better    without scipy
``video``                              better    without PyAV; plays and repeats by itself
``text``, ``svg``                      better    in a frame without scripts; ``append`` opens
``table``                              same      a table of ours
``matplot``                            better    axes and figures, too; no bs4
``plotlyplot``                         better    without Plotly, from dicts and JSON; traces that
                                                 cannot be drawn warn by type
``save_plotly_figure``                 better    without kaleido
``graph``                              better    without networkx; labels keep their edges
``embeddings``                         better    t-SNE of scikit-learn, else principal components
``properties``                         same      to be read; nobody edits them here
``update_window_opts``, ``close``,     same
``win_exists``, ``get_window_data``,
``set_window_data``, ``fork_env``,
``delete_env``, ``get_env_list``,
``get_env_state``, ``experiment``,
``log_metrics``, ``replay_log``
``save``                               better    Visdom's JSON, and a page that stands by itself
``check_connection``                   same      always True
errors                                 better    `VisdomError`, an AssertionError and a ValueError
``server`` of another machine,         not here  each warns once by name
``username``, ``proxies``, polling
``register_event_handler``             not here  no events come back; warns once
margins, ``webgl``, ``inflate``        not here  panes are arranged by the page; warn once
``width``, ``height``                  same      of pictures and frames; charts share the page,
                                                 which warns once
=====================================  ========  ==================================================

Charts with ``dash``, ``markers``, chosen colours, sizes or ticks are drawn with matplotlib and
shown as pictures, in a fifth of the time at most; plain ones are interactive.

===============  ==================================================================
`client`         Visdom; `environments` and `experiments` of it
`points` ...     the calls: `series`, `curves`, `confusion`, `fields`, `bars`, `shares`,
                 `images`, `media`, `words`, `plotly`
`board`          the windows; `updates` changes one, `message` is what is said
`stage`          where they are seen;  `painting` what they look like
`kept`           the run;  `saved` the files
===============  ==================================================================
"""

from introspect.compat.visdom.arguments import VisdomError as VisdomError
from introspect.compat.visdom.client import Visdom as Visdom

__version__ = "0.3.0"
"""Of the Visdom whose calls these are."""

__all__ = ["Visdom", "VisdomError", "__version__"]
