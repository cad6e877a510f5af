"""A bad λ is refused where a request enters the engine."""

from functools import wraps
from typing import Any

from rast_bench.vllm_plugin.sampling import LAMBDA, request_lambda


def check_lambda_at_admission() -> None:
    """Extend `SamplingParams.verify`, which vLLM calls for every request, HTTP or not.

    vLLM has no hook for extra_args there that both runners know, and an error further on would end
    the engine with all its requests. What is raised here is the one request's (HTTP 400).
    """
    from vllm import SamplingParams
    from vllm.exceptions import VLLMValidationError

    verify: Any = SamplingParams.verify
    if getattr(verify, "checks_lambda", False):  # plugins may be loaded more than once
        return

    @wraps(verify)
    def verify_with_lambda(self: Any, *args: Any, **kwargs: Any) -> None:
        try:
            request_lambda(self.extra_args, default=0.0)
        except ValueError as error:
            raise VLLMValidationError(str(error), parameter=LAMBDA) from None
        verify(self, *args, **kwargs)

    verify_with_lambda.checks_lambda = True  # type: ignore[attr-defined]
    SamplingParams.verify = verify_with_lambda
