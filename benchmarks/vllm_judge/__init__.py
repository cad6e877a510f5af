"""The planner's word on an engine beside vLLM's own."""
