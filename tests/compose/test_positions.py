import pytest

from rast_bench.compose.positions import model_positions


@pytest.mark.parametrize(
    ("config", "positions"),
    [
        ({}, None),
        ({"max_position_embeddings": 4096}, 4096),
        ({"max_position_embeddings": 128, "rope_scaling": {"type": "linear", "factor": 2.0}}, 256),
        ({"max_position_embeddings": 128, "rope_scaling": {"type": "dynamic", "factor": 2}}, 256),
        (
            {
                "max_position_embeddings": 131_072,
                "rope_scaling": {
                    "rope_type": "llama3",
                    "factor": 8.0,
                    "original_max_position_embeddings": 8192,
                },
            },
            131_072,
        ),
        (  # as the README of Qwen2.5 says
            {
                "max_position_embeddings": 32_768,
                "rope_scaling": {
                    "type": "yarn",
                    "factor": 4.0,
                    "original_max_position_embeddings": 32_768,
                },
            },
            131_072,
        ),
        (  # as transformers expects it
            {
                "max_position_embeddings": 131_072,
                "rope_parameters": {
                    "rope_type": "yarn",
                    "factor": 4.0,
                    "original_max_position_embeddings": 32_768,
                },
            },
            131_072,
        ),
        ({"max_position_embeddings": 512, "rope_parameters": {"rope_type": "default"}}, 512),
        (  # one entry a kind of layer
            {
                "max_position_embeddings": 512,
                "rope_parameters": {"full_attention": {"rope_type": "linear", "factor": 8.0}},
            },
            512,
        ),
        *(  # not in numbers: told elsewhere, and never a stack trace
            ({"max_position_embeddings": 512, "rope_scaling": odd}, 512)
            for odd in (
                "yarn",
                [1],
                {"type": ["linear"], "factor": 2.0},
                {"type": "linear", "factor": "2"},
                {"type": "linear", "factor": float("nan")},
                {"type": "linear", "factor": float("inf")},
            )
        ),
        (
            {
                "max_position_embeddings": 512,
                "rope_scaling": {
                    "type": "yarn",
                    "factor": 2.0,
                    "original_max_position_embeddings": "x",
                },
            },
            1024,
        ),
    ],
)
def test_positions_of_a_configuration(config: dict[str, object], positions: int | None) -> None:
    assert model_positions(config) == positions
