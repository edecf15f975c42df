"""The plain data at the waist of everything: frozen, NumPy at most.

==============  =============================================  ==========================
noun            is                                            made by
==============  =============================================  ==========================
`graph`         Graph, Op, Value, Call: what the model is      ``introspect.graph.trace``
`drawing`       Drawing: boxes, lines and text, in points      ``introspect.graph.layout``
`metric`        Metric, Step: one key of a history             ``introspect.history``
                (its parts: `ranks`, `smoothing`, `pyramid`, `metric_tables`)
`values`        Image, Audio, Table, ...: more than numbers    users
`sketch`        Sketch: a histogram from the bits of a float   ``introspect.tensors``
                (its parts: `float_bins`, `float_values`, `mass`, `sketch_bytes`, `sketch_sums`)
`panels`        Panel: what one chart of a canvas shows        ``introspect.canvas``
==============  =============================================  ==========================

Nothing in here knows torch, a screen or a file format. A noun may offer a verb to people
(``graph.save(...)``, a notebook picture); `verbs` looks those up when they are called.
"""
