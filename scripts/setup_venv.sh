#!/usr/bin/env bash
# Make a virtual environment with rast-bench installed: setup_venv.sh FOLDER [EXTRA]
# Without an NVIDIA driver the tested PyTorch release is pinned. PyPI's wheel of it carries CUDA
# (several GB); to get the small CPU wheel, name PyTorch's CPU index in PIP_EXTRA_INDEX_URL.
set -euo pipefail
venv=${1:?usage: setup_venv.sh FOLDER [EXTRA]} extra=${2:-}
python=${PYTHON:-python3.11}
command -v "$python" >/dev/null || python=python3
"$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || {
  echo "error: $python is older than Python 3.11" >&2
  echo "hint: name one with PYTHON=/path/to/python3.11 make …" >&2
  exit 2
}
echo "setting up $venv (a few minutes the first time)" >&2
"$python" -m venv "$venv"
pip=("$venv/bin/python" -m pip install --quiet --disable-pip-version-check)
command -v nvidia-smi >/dev/null || pip+=(--constraint scripts/constraints-cpu.txt)
"${pip[@]}" --editable ".${extra:+[$extra]}"
