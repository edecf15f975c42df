"""Many runs: ``folder -> glances -> table -> comparison``, and copies of runs in other formats.

==============  ==================================================================
`table`         runs(folder) -> Runs: filters, order, columns
`row`           RunRow: one run, its state, last and best numbers, config
`comparing`     one metric over runs: mean and band of each group
`exporting`     a run to Parquet, CSV, JSON or TensorBoard
`compacting`    a run to Parquet, beside its segments or instead of them
`conditions`    "loss < 0.5" to a filter
`columns`       the table as columns, and as a data frame
`collecting`    looks at a folder again and again, and reads what is new
`finding`       the runs below a folder
`glance`        one run in a few numbers
`indexed`       a run of which only the numbers are read
`state`         running, finished or killed
`memory`        what runs said, by the size and time of their files
`words`         the table in words; `picture`: as text, HTML and rich
`places`        paths and URLs to write to, complete or not at all
==============  ==================================================================
"""

from introspect.history.many.comparing import Group as Group
from introspect.history.many.comparing import RunComparison as RunComparison
from introspect.history.many.row import RunRow as RunRow
from introspect.history.many.table import Runs as Runs
from introspect.history.many.table import runs as runs

__all__ = ["Group", "RunComparison", "RunRow", "Runs", "runs"]
