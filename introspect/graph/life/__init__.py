"""Graph and History -> the living architecture: how the tensors of each box move in training.

==============  ==================================================================
`watched`       the sketches and numbers of a watched training, joined to the graph
`names`         names in the history -> names in the graph
`members`       which parameters and modules a box stands for, folded ones included
`statistics`    what boxes are coloured by, and how it adds up over many tensors
`still`         the colours of one step, over a still picture
`pack`          sketches -> the bytes in a page
`page`          all that a page needs to show a training beside its boxes
`picture`       the same for notebooks and files
==============  ==================================================================

Nothing here imports torch. Not here: who writes the sketches (``introspect.tensors``), what the
page does with them (``web/life``).
"""
