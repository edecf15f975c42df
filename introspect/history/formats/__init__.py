"""Other people's formats: TensorBoard event files (``events``), old hiddenlayer pickles, tables.

Each is one module or package here and needs nothing that a run itself needs; what a format
wants beside NumPy is imported inside the function that wants it.

Not here: the run's own format (``introspect.history.segment``).
"""
