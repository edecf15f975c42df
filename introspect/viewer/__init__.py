"""`introspect view`: the page over a run, or over a folder of runs.

``folder -> table of runs -> panels of the chosen ones -> page``.

=============  ==================================================================
`library`      a folder of runs as the source of a page: what is there, what was chosen
`embeddings`   principal components or t-SNE, in 2D or 3D
`together`     several runs in one chart: a line for each, or mean and band of groups
`quiet`        a run that is read in threads, and warns of nothing
`magic`        ``%load_ext introspect``, then ``%introspect view runs/`` in a notebook
=============  ==================================================================

Nothing is written, and no training is asked for anything: runs are read from their files.
"""

from introspect.viewer.library import Library as Library
from introspect.viewer.library import view as view

__all__ = ["Library", "view"]
