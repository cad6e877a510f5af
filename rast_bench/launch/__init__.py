"""`rast-bench status`, `cancel`, `resume` and `worker`."""
