#!/usr/bin/env bash
# Run the notebooks of the report in order, on the synthetic sample or on your data, and make slides.
#
#   ./run_all.sh                                  the sample, as committed
#   ./run_all.sh --data DIR -f params/full.yaml   the real clips in DIR, with their parameters
#
# Notebooks that an earlier run finished are reused where nothing has changed that they rest on, so a
# run that was stopped, and a set-up that was, goes on where it was.
#
#   --data DIR     folder of the clips
#   --run NAME     write to runs/NAME (default: sample)
#   -f FILE.yaml   parameters for the notebooks
#   --from NN      start at notebook NN, on the results of an earlier run
#   --only NN      run notebook NN alone
#   --again        run all notebooks, those that are finished too
#   --at-once N    notebooks that may run at once (default: 2, or 1 where memory is short)
#   --slides       make only the slides again, from the notebooks of an earlier run
#   --refresh      put the outputs of a default run into notebooks/ and figures/
#
# Sets up .venv first where needed (tools/setup_env.sh). Paths are relative to where you are.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd -P)
exec "$root/tools/setup_env.sh" mmage report "$@"
