#!/usr/bin/env bash
# Lint, the tests of the package, and every notebook on a tiny sample.
#
#   ./run_tests.sh                                  everything
#   ./run_tests.sh --slow                           the tests of many minutes too
#   ./run_tests.sh -m "not slow and not browser"    what follows goes to pytest; no lint, no notebooks
#   ./run_tests.sh -n 2 --random-order tests        on two cores, files and their tests shuffled
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd -P)
bin=$("$root/tools/setup_env.sh")
cd "$root"

# The decks, the explorer and JupyterLab are tested in a browser; tests that find none say so.
browser='from mmage_utils.report.chromium import find_browser; raise SystemExit(not find_browser())'
if ! "$bin/python" -c "$browser"; then
  if [[ $(id -u) == 0 ]] && command -v apt-get >/dev/null; then
    echo "mmage: installing Chromium for the browser tests ..." >&2
    { apt-get -qq update && apt-get -qq install -y --no-install-recommends chromium; } \
      >/dev/null || echo "mmage: Chromium could not be installed; its tests are left out." >&2
  else
    echo "mmage: no Chromium, and no right to install it: its tests are left out." >&2
  fi
fi

# Two processes of one thread each do more than one of two, and threads that wait for others leave
# the core to them.
export HF_HUB_OFFLINE=1 TQDM_DISABLE=1 OMP_NUM_THREADS=1 OMP_WAIT_POLICY=PASSIVE

marks=(-m "not long")
if [[ ${1-} == --slow ]]; then
  shift
  marks=(-m "")
fi

if [[ $# -gt 0 ]]; then
  exec "$bin/pytest" "${marks[@]}" "$@"
fi

"$bin/ruff" check .
"$bin/ruff" format --check .

# The notebooks run in order, as later ones read the predictions of earlier ones; those of an
# earlier test must not be there to be found.
rm -rf runs/tiny
"$bin/python" tools/tiny_notebooks.py
exec "$bin/pytest" "${marks[@]}" -n logical --maxprocesses 4 --nbval-lax --nbval-current-env \
  --nbval-cell-timeout=300 tests runs/tiny/nbval
