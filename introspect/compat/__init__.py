"""Drop-in modules: old code runs by changing one import.

====================================  =====================================================
in place of                           write
====================================  =====================================================
``import hiddenlayer as hl``          ``import introspect.compat.hiddenlayer as hl``
``from torchviz import make_dot``     ``from introspect.compat.torchviz import make_dot``
``from torch.utils.tensorboard``      ``from introspect.compat.tensorboard``
``from tensorboardX``                 ``from introspect.compat.tensorboardx``
``from Epochsviz.epochsviz``          ``from introspect.compat.epochsviz``
``from visdom import Visdom``         ``from introspect.compat.visdom import Visdom``
``from livelossplot``                 ``from introspect.compat.livelossplot``
``from torchview``                    ``from introspect.compat.torchview``
``from torchinfo``                    ``from introspect.compat.torchinfo``
====================================  =====================================================

Each module keeps the names, signatures and visible behaviour of its original over our own
Graph, History and Canvas, and mends its bugs; its docstring is a table of what is the same, what
better and what is not here. What cannot be honoured warns once, by name (``ignored``).
``digraph`` is what those return whose originals return a ``graphviz.Digraph``.
"""
