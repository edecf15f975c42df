"""The version of livelossplot whose behaviour is kept."""

__version__ = "0.6.1"
