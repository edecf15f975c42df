"""Drop-in modules: old code runs by changing one import.

===============================  ====================================================
in place of                      write
===============================  ====================================================
``import hiddenlayer as hl``     ``import introspect.compat.hiddenlayer as hl``
===============================  ====================================================

Each module keeps the names, signatures and visible behaviour of its original over our own
Graph, History and Canvas, and mends its bugs. What cannot be honoured warns once, by name.
"""
