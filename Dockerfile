# The environment of requirements.lock in a container, made by the same script as everywhere else.
#
#   docker build -t mmage .
#   docker run --rm -it -v "$PWD/runs:/mmage/runs" mmage                          the report
#   docker run --rm -it -p 8888:8888 mmage .venv/bin/jupyter lab --ip=0.0.0.0     JupyterLab
#
# Data are mounted, never built in:  -v DIR:/data:ro mmage ./run_all.sh --data /data -f params/full.yaml
FROM python:3.11-slim-bookworm

# For dlib and OpenMP, for git's part of the records, and for slides as PDF.
RUN apt-get update \
  && apt-get install -y --no-install-recommends libgomp1 git chromium \
  && rm -rf /var/lib/apt/lists/*

# repo2docker and Binder expect a user of this name and number; it owns what runs write.
RUN useradd --create-home --uid 1000 jovyan && install --directory --owner jovyan /mmage
USER jovyan
WORKDIR /mmage

# What decides the environment first, so that a change of the code does not install it anew.
COPY --chown=jovyan pyproject.toml README.md requirements.lock requirements.weights.lock \
  requirements.words.lock ./
COPY --chown=jovyan tools tools
COPY --chown=jovyan mmage_utils/__init__.py mmage_utils/__init__.py
RUN tools/setup_env.sh

COPY --chown=jovyan . .
RUN tools/setup_env.sh
CMD ["./run_all.sh"]
