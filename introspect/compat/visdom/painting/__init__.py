"""A window to the panel that shows it.

``window -> panel_of -> Panel``. Charts that ours can say become ours, which are interactive in a
browser: lines, points, stalks, bars, heat maps, pies. What they cannot say (dashes, markers,
chosen colours, own ticks, boxes, surfaces, flows) is drawn with matplotlib in the same style and
shown as a picture. Markup goes into a frame in which no script runs.

===============  ==================================================================
`native`         traces to panels; `cells` bars and matrices, `plain` when that will do
`figures`        traces to a picture: `lines`, `bars`, `fields`, `flows`, `across`, `networks`
`names`          words at line ends
`markup`         HTML and SVG to panels
`axes`           Plotly's layout
`colors`         Plotly's colours
`drawn`          a finished picture
===============  ==================================================================
"""

from introspect.compat.visdom.painting.windows import panel_of as panel_of

__all__ = ["panel_of"]
