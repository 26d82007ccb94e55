#!/usr/bin/env bash
# Builds the wheel, installs it without the developers' tools and uses it from another folder.
set -euo pipefail
here=$(cd "$(dirname "$0")/.." && pwd)
python=${PYTHON:-python3}
[[ $python == */* ]] && python=$(cd "$(dirname "$python")" && pwd)/$(basename "$python")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

"$python" -m build --wheel --outdir "$work/dist" "$here" >"$work/build.log" 2>&1 || { cat "$work/build.log"; exit 1; }
"$python" -m venv "$work/venv"
"$work/venv/bin/python" -m pip install --quiet --disable-pip-version-check -c "$here/constraints.txt" "$work"/dist/*.whl
cp "$here/ratios.yaml" "$work/"
cd "$work"
venv/bin/sweep --help >help.txt
grep -q "sweep run" help.txt
venv/bin/sweep plan ratios.yaml | tee plan.txt
grep -q "12 trials" plan.txt
venv/bin/sweep import old "$here/docs/examples/three_trials.csv" >import.txt  # the page's templates are in the wheel
grep -q "</html>" sweeps/old/report/report.html
if venv/bin/python -c "import pytest" 2>/dev/null; then echo "the clean environment is not clean"; exit 1; fi
echo "smoke: the wheel works from another folder"
