#!/usr/bin/env bash
# Lint, the tests of the package, and every notebook on a tiny sample.
#
#   ./run_tests.sh            everything
#   ./run_tests.sh -k name    what follows goes to pytest; no lint, no notebooks
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd -P)
bin=$("$root/tools/setup_env.sh")
cd "$root"

# The decks, the explorer and JupyterLab are tested in a browser; tests that find none say so.
if ! "$bin/python" -c 'from mmage_utils.report.chromium import find_browser as f; raise SystemExit(not f())'; then
  if [[ $(id -u) == 0 ]] && command -v apt-get >/dev/null; then
    echo "mmage: installing Chromium for the browser tests ..." >&2
    { apt-get -qq update && apt-get -qq install -y --no-install-recommends chromium; } \
      >/dev/null || echo "mmage: Chromium could not be installed; its tests are left out." >&2
  else
    echo "mmage: no Chromium, and no right to install it: its tests are left out." >&2
  fi
fi

if [[ $# -gt 0 ]]; then
  exec "$bin/pytest" "$@"
fi

"$bin/ruff" check .
"$bin/ruff" format --check .

# Copies with the parameters of params/tiny.yaml. They run in order, as later notebooks read the
# predictions of earlier ones; those of an earlier test must not be there to be found.
rm -rf runs/tiny
"$bin/python" - <<'PY'
from pathlib import Path

import yaml

from mmage_utils.data.clips import read_clips, with_media
from mmage_utils.report.notebook_runner import prepare_copies
from mmage_utils.sample.write import make_sample

# As real folders, the tiny sample has gaps: a voice, a transcript and a whole face are lacking.
tiny = yaml.safe_load(Path("params/tiny.yaml").read_text(encoding="utf-8"))
if make_sample(tiny["DATA_DIR"], n_clips=tiny["N_CLIPS"]):
    clips = with_media(read_clips(tiny["DATA_DIR"]))
    clips = clips[clips["AgeGroup"] == 4].groupby("split").first()
    Path(clips.loc["train", "audio"]).unlink()
    Path(clips.loc["test", "transcript"]).unlink()
    face = Path(clips.loc["valid", "image"])
    face.write_bytes(face.read_bytes()[:500])
prepare_copies("params/tiny.yaml", "runs/tiny/nbval")
PY
export HF_HUB_OFFLINE=1 TQDM_DISABLE=1
exec "$bin/pytest" --nbval-lax --nbval-current-env --nbval-cell-timeout=300 tests runs/tiny/nbval
