"""Graph -> Graph: fold, prune, rename. ``introspect.transforms`` holds what users write.

`pattern` is the language, `conditions` its brackets, `flow` what a pattern is matched on,
`group` and `rebuild` how several ops become one, `transform` the five transforms.
"""
