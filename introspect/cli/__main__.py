"""``python -m introspect.cli``: the command, where its script is not on the path."""

from introspect.cli import main

main()
