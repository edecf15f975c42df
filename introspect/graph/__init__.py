"""What the model is: model and inputs -> Graph -> Outline -> Drawing -> file.

=============  ==========================================================================
`trace`        one eager forward -> Graph (``introspect.nouns.graph``); needs torch
`outline`      Graph -> Outline: nested boxes, repeats folded to xN, edges lifted
`layout`       Outline -> Drawing: a straight spine, bodies packed beside it, columns
`formats`      Drawing -> svg, pdf, png
=============  ==========================================================================

`picture` is the line through the last three. Nothing after `trace` needs torch, and nothing
is imported here: modules and the functions in them share names.
"""
