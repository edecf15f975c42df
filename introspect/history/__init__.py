"""What the training said: ``log -> buffer -> segment -> Metric``.

==============  ==================================================================
`history`       History: log, index, summary
`buffer`        the training thread's side: one packed row per call of `log`
`checks`        steps, keys and numbers, or the error that says why not
`codec`         values that are more than a number, to and from bytes
`blocks`        Block and Cell: what was logged, on its way
`columns`       blocks and cells to the growable columns behind a Metric
`segment`       the file format: checksummed frames (docs/formats/segment.md)
`writer`        the flush thread: buffer to columns and store
`store`         blocks and cells to frames in a file; full disks
`reader`        a run folder to columns; skips damage, follows a live run
`folder`        which file of a run folder belongs to which attempt and rank
`report`        summary tables and the progress line
==============  ==================================================================

Nothing here imports torch: a saved run opens without it.
"""

from introspect.history.history import History as History

__all__ = ["History"]
