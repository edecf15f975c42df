"""Graph, Graph -> changes; and a fingerprint that is equal for equal structure.

`fingerprint` hashes subtrees, `diff` skips those that are equal and aligns the rest,
`changes` are what it finds, `plain` makes arguments comparable; `merge` puts both graphs into
one tree of boxes, `picture` draws it.
"""
