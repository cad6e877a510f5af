"""An OpenAI-compatible server of a composition: vLLM's own, with what it does not know around it.

`names` says which settings a model's name stands for, `middleware` applies them to requests,
`process` is the server's process and `launch` starts, watches and ends it (docs/serving.md).
"""
