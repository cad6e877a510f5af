"""λ keeps its bits among hidden states, and reaches every token of its request."""

import numpy as np
import pytest
import torch

from rast_bench.vllm_plugin.lambda_buffer import (
    LambdaBuffer,
    RowBuffer,
    as_columns,
    column_count,
    from_columns,
    rows_from_columns,
)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float16])
def test_columns_keep_every_bit(dtype: torch.dtype):
    lambda_ = torch.tensor([0.0, 0.1, 1 / 3, 1.0, 1e-30, 3e38, np.pi], dtype=torch.float32)
    columns = as_columns(lambda_, dtype)
    assert columns.shape == (len(lambda_), column_count(dtype))
    assert columns.dtype == dtype
    hidden = torch.randn(len(lambda_), 5).to(dtype)
    joined = torch.cat([hidden, columns], dim=-1)
    rows = torch.tensor([6, 0, 3, 3])
    found = from_columns(joined[rows][:, 5:])
    assert torch.equal(found.view(torch.int32), lambda_[rows].view(torch.int32))


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float16])
@pytest.mark.parametrize("count", [1, 3])
def test_columns_of_parameters_keep_every_bit_wherever_they_lie(dtype: torch.dtype, count: int):
    rows = torch.tensor([[7.0, 1 / 3], [1e9, 5e-324], [0.0, -np.inf]], dtype=torch.float64)[:count]
    columns = as_columns(rows, dtype)
    assert columns.shape == (count, 2 * column_count(dtype, torch.float64))
    joined = torch.cat([torch.randn(count, 5).to(dtype), columns], dim=-1)
    assert torch.equal(rows_from_columns(joined[:, 5:]), rows)


def test_filling_gives_each_token_its_requests_lambda():
    buffer = LambdaBuffer(16, torch.device("cpu"))
    address = buffer.tokens.data_ptr()
    buffer.fill(np.array([0.5, 0.0, 1.0, 0.0]), np.array([3, 1, 2, 4]))
    assert buffer.tokens[:10].tolist() == [0.5] * 3 + [0.0] + [1.0] * 2 + [0.0] * 4
    assert buffer.zero_share == 0.5
    buffer.fill(np.array([0.25]), np.array([2]))
    assert buffer.tokens[:2].tolist() == [0.25, 0.25]
    assert buffer.zero_share == 0.0
    assert buffer.tokens.data_ptr() == address


def test_a_pass_without_requests_has_no_share():
    buffer = LambdaBuffer(4, torch.device("cpu"))
    buffer.fill(np.array([]), np.array([], dtype=np.int64))
    assert buffer.zero_share == 0.0


def test_rows_without_a_request_have_the_defaults():
    buffer = RowBuffer(6, (0, 0.5), torch.device("cpu"))
    address = buffer.tokens.data_ptr()
    buffer.fill(np.array([[3, 0.1], [4, 0.2]]), np.array([1, 2]))
    assert buffer.tokens.tolist() == [[3, 0.1], [4, 0.2], [4, 0.2], *[[0, 0.5]] * 3]
    buffer.fill(np.array([]), np.array([], dtype=np.int64))
    assert buffer.tokens.data_ptr() == address
