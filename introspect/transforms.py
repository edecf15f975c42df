"""Transforms of a traced graph, for `Graph.transformed`: fold, prune and rename by pattern.

>>> import introspect, torch
>>> from introspect.transforms import Fold
>>> net = torch.nn.Sequential(torch.nn.Conv2d(1, 2, 3), torch.nn.ReLU())
>>> graph = introspect.trace(net, torch.zeros(1, 1, 8, 8))
>>> Fold("conv2d[3x3] > relu", "ConvReLU").apply(graph).ops
(<Op 0 ConvReLU in 0>,)

====================  =======================================================================
`Fold`                every match of a pattern becomes one op
`Prune`               every match is taken out; its readers read what it read
`PruneBranch`         every match is taken out, with all that was computed for it alone
`Rename`              ops or module classes get other names, by regular expression
`FoldDuplicates`      a run of ops with one name becomes one op with ``repeat``
====================  =======================================================================

The pattern language is told in ``introspect.graph.rewrite.pattern``, what its names mean in
``introspect.graph.rewrite.flow``.
"""

from introspect.graph.rewrite.transform import (
    Fold,
    FoldDuplicates,
    Prune,
    PruneBranch,
    Rename,
    Transform,
)

__all__ = ["Fold", "FoldDuplicates", "Prune", "PruneBranch", "Rename", "Transform"]
