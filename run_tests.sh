#!/usr/bin/env bash
# Lint, the tests of the package, and every notebook on a tiny sample.
#
#   ./run_tests.sh            everything
#   ./run_tests.sh -k name    what follows goes to pytest; no lint, no notebooks
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd -P)
bin=$("$root/tools/setup_env.sh")
cd "$root"
if [[ $# -gt 0 ]]; then
  exec "$bin/pytest" "$@"
fi

"$bin/ruff" check .
"$bin/ruff" format --check .

# Copies with the parameters of params/tiny.yaml. They run in order, as later notebooks read the
# predictions of earlier ones; those of an earlier test must not be there to be found.
rm -rf runs/tiny
"$bin/python" - <<'PY'
from mmage_utils.report import prepare_copies

prepare_copies("params/tiny.yaml", "runs/tiny/nbval")
PY
export HF_HUB_OFFLINE=1 TQDM_DISABLE=1
exec "$bin/pytest" --nbval-lax --nbval-current-env --nbval-cell-timeout=300 tests runs/tiny/nbval
