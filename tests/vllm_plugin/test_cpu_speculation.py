import pytest
import torch

from rast_bench.vllm_plugin.cpu_speculation import expand_batch_to_tokens


@pytest.mark.parametrize("dtype", [torch.float32, torch.int32, torch.int64])
def test_values_reach_all_drafted_tokens(dtype: torch.dtype):
    values = torch.tensor([5, 0, 7, 9]).to(dtype)
    ends = torch.tensor([2, 3, 3, 6], dtype=torch.int32)  # the third request has no drafts
    found = expand_batch_to_tokens(values, ends, 6, replace_from=0, replace_to=1)
    assert found.dtype == dtype
    assert found.tolist() == [5, 5, 1, 9, 9, 9]
    assert values.tolist() == [5, 0, 7, 9]


def test_fractions_are_kept():
    found = expand_batch_to_tokens(torch.tensor([0.5, 0.25]), torch.tensor([1, 3]), 3)
    assert found.tolist() == [0.5, 0.25, 0.25]
