"""How vLLM runs inside tests: on one core, in this process, without compilation, without a hub.

Import it before torch and vLLM, which read these variables once. What is set outside wins.
"""

import contextlib
import gc
import os
from collections.abc import Iterator
from unittest import mock

IN_TESTS = {
    "OMP_NUM_THREADS": "1",
    "OMP_WAIT_POLICY": "passive",  # a second thread that waits for work leaves the core to others
    "NUMBA_NUM_THREADS": "1",  # n-gram speculation waits long for a second one
    "TORCH_COMPILE_DISABLE": "1",
    "TORCHINDUCTOR_VEC_ISA_OK": "1",  # not to compile a program for each set of instructions
    "VLLM_ENABLE_V1_MULTIPROCESSING": "0",
    "VLLM_CPU_OMP_THREADS_BIND": "nobind",
    "VLLM_LOGGING_LEVEL": "WARNING",
    "VLLM_NO_USAGE_STATS": "1",
    "HF_HUB_OFFLINE": "1",  # where there is a hub, tests do without it too
}

for name, value in IN_TESTS.items():
    os.environ.setdefault(name, value)


@contextlib.contextmanager
def one_collection() -> Iterator[None]:
    """Around an engine's start or end: garbage is collected once, at the end, not eight times.

    All that pytest and vLLM have imported is looked through each time, half a second of it.
    """
    with mock.patch.object(gc, "collect"):
        yield
    gc.collect()
