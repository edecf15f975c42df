"""What happens inside ``introspect.graph.trace``: a running forward -> rows -> nouns.

=================  ===================================================================
`recorder`         the function mode: every op, as it runs
`alone`            one trace of a model at a time
`module_calls`     which module is running
`tensor_table`     which tensor object is which value (`storage`: which share memory)
`inventory`        what modules, parameters and buffers are called
`leaves`           the tensors in nested arguments and results
`frames`           the user's line and function
`metadata`         which functions are no ops, which write without saying
`rows`             what is written down
`assemble`         rows to Graph
`aten`, `fake`     the ATen level and the fake mode
`memo`, `memo_*`   repeated blocks, copied (``Tracer(memoize=True)``)
`restore`, `lazy`  what a forward changes, put back
`scripted`         calls of scripted functions, seen
`trouble`          what an error says
=================  ===================================================================
"""
