"""What a run tells while it works: logs on stderr, progress on a terminal, timings and peak memory for `run.json`.

Nothing here changes a result. The algorithm packages do not import it; the pipeline wraps their calls.
"""
