"""Faces and voices per second of the packaged networks, nothing being in the cache.

    python benchmarks/networks.py [--data DIR] [--faces 240] [--voices 240] [--json FILE]

A face is found, aligned and embedded; a voice is read, resampled and embedded. One of each before
loads the libraries; loading a network counts.
"""

import argparse
import os
import tempfile
import time
from pathlib import Path

import record
import torch

from mmage_utils.data.clips import read_clips, with_media
from mmage_utils.features.face_embeddings import align_faces, embed_packaged
from mmage_utils.features.face_networks import NETWORKS
from mmage_utils.features.faces import load_faces
from mmage_utils.features.voices.speaker_embeddings import embed_voices

LIMITS = {"faces": 30, "voices": 40}  # per second on two cores


def per_second(n, job):
    """How many of n a job does in a second; it is given a number of them and a cache."""
    with tempfile.TemporaryDirectory() as cache:
        job(1, Path(cache))
    start = time.perf_counter()
    with tempfile.TemporaryDirectory() as cache:
        job(n, Path(cache))
    return n / (time.perf_counter() - start)


def main():
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, default=Path("data/sample"))
    for name in LIMITS:
        parser.add_argument(f"--{name}", type=int, default=240)
    record.add_option(parser)
    args = parser.parse_args()

    clips = read_clips(args.data)
    with tempfile.TemporaryDirectory() as cache:
        seen = with_media(clips, "image").groupby("split").head(args.faces // 3)
        faces = load_faces(seen, 224, cache=Path(cache)).images[:]
    heard = with_media(clips, "audio").iloc[: args.voices]

    threads, load = torch.get_num_threads(), os.getloadavg()[0]
    print(f"{threads} threads; load of the machine before the start: {load:.1f}")
    aligned = per_second(len(faces), lambda n, _: list(align_faces(faces[:n], 150, 0.25)))
    speed = {"aligning alone": aligned}
    for name in NETWORKS:
        speed[name] = per_second(
            len(faces), lambda n, cache, name=name: embed_packaged(faces[:n], name, cache=cache)
        )
    for name, value in speed.items():
        print(f"  {name:16}{value:8.1f} faces a second ({len(faces):,})")
    voices = per_second(len(heard), lambda n, cache: embed_voices(heard[:n], cache=cache))
    print(f"  {'resemblyzer':16}{voices:8.1f} voices a second ({len(heard):,})")

    reached = {"faces": min(speed[name] for name in NETWORKS), "voices": voices}
    holds = {what: reached[what] >= limit for what, limit in LIMITS.items()}
    for what, limit in LIMITS.items():
        print(f"At least {limit} {what} a second: {'holds' if holds[what] else 'does not hold'}.")
    first = (
        f"The packaged networks embed at least {reached['faces']:.0f} faces and "
        f"{voices:.0f} voices a second."
    )
    rows = [{"network": name, "a second": value} for name, value in speed.items()]
    rows.append({"network": "resemblyzer (voices)", "a second": voices})
    about = f"{len(faces):,} faces and {len(heard):,} voices, {threads} threads, nothing cached"
    record.write_record(args.json, {about: rows}, [first])
    raise SystemExit(not all(holds.values()))


if __name__ == "__main__":
    main()
