"""The live picture: Metric -> Panel -> notebook, terminal or file.

==============  ==========================================================
module          turns
==============  ==========================================================
`canvas`        ``draw_*`` calls into Panels, and hands them to a backend
`sources`       Metrics, arrays and lists into Panels
`timeline`      steps into positions on the x axis
`lines`         a line panel into limits, ticks and decimated curves
`pictures`      arrays into coloured tiles, and their range
`ticks`         numbers, steps and durations into text
`places`        views into places on a page
`figure`        Panels into a matplotlib figure; `paint_*` one kind each
`movie`         Panels into a GIF, replayed from the history
`notebook`      Panels into one notebook output, updated in place
`terminal`      Panels into text; `live` redraws it
==============  ==========================================================

Importing it loads neither matplotlib nor rich.
"""

from introspect.canvas.canvas import Canvas

__all__ = ["Canvas"]
