"""AutogradGraph -> joined to a forward Graph, DOT, text. No torch: saved graphs work too."""
