"""What the training said: ``log -> buffer -> segment -> Metric``.

==============  ==================================================================
`history`       History: log, resume, rewind
`reading`       its other side: metrics, summary, config, notes
`buffer`        the training thread's side: one packed row per call of `log`
`checks`        steps, keys and numbers, or the error that says why not
`codec`         values that are more than a number, to and from bytes
`blocks`        Block, Cell, Rewind, Fact: what was logged, on its way
`columns`       blocks and cells to the growable columns behind a Metric (`growing`)
`segment`       the file format: checksummed frames (docs/formats/segment.md)
`writer`        buffer to columns and store; sinks beside it
`flushing`      the flush thread, forks, SIGTERM
`store`         blocks and cells to frames in a file; full disks
`starting`      which attempt, rank and file a process writes
`frames`        good frames in a damaged file
`reader`        a segment to columns; follows a live one
`merge`         several writers as one: ranks, forks, what was resumed
`attempts`      the attempts in a run folder, and one of them, followed
`folder`        the names of segments
`facts`         config, notes and tags; `surroundings`: system and git
`repair`        checks a run, and writes a clean copy
`report`        summary tables and the progress line
`many`          a folder of runs: table, comparison, exports
`formats`       other people's formats: TensorBoard events, Parquet, CSV, hiddenlayer
==============  ==================================================================

Nothing here imports torch: a saved run opens without it.
"""

from introspect.history.history import History as History

__all__ = ["History"]
