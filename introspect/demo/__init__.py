"""The demo: a small ConvNet on Fashion-MNIST, with everything introspect shows of it.

``data`` finds the images, or stands in for them. Run it with ``introspect demo``.

Not here: the command line itself (``introspect.cli``).
"""
