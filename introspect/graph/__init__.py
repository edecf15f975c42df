"""What the model is: model and inputs -> Graph -> Outline -> Drawing -> file.

=============  ==========================================================================
`trace`        one eager forward -> Graph (``introspect.nouns.graph``); in `capture`
`outline`      Graph -> Outline: nested boxes, repeats folded to xN, edges lifted
`layout`       Outline -> Drawing: a straight spine, bodies packed beside it, columns
`formats`      Drawing -> svg, pdf, png; Graph -> json and back
`picture`      outline and layout in one call
`backward`     loss -> AutogradGraph, joined to a Graph; in `autograd`
`proof`        ``introspect.verify``: the ops are run again and compared
`cost`         Graph -> FLOPs, parameters, bytes, times
`summary`      Graph -> the table of modules
`query`        Graph -> the calls and ops of a pattern, the graph of one module
`rewrite`      Graph -> Graph: fold, prune, rename (``introspect.transforms``)
`compare`      Graph, Graph -> changes; Graph -> fingerprint
`life`         Graph and History -> the living architecture: strips, colours over time
=============  ==========================================================================

Only `trace`, `capture`, `backward`, `autograd` and `proof` need torch. Nothing is imported here:
modules and the functions in them share names.
"""
