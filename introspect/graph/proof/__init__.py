"""``introspect.verify``: a graph proves itself by being run again, op by op.

`witness` records a run with its tensors, `account` one call of an op and all it takes to
make that call again, `replay` makes them from the graph's wiring alone, `bits` compares.
"""
