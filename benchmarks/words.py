"""Texts per second of a plain loop over BERT and of ours, from one run.

    python benchmarks/words.py [--texts 10000] [--some 640] [--passes 3] [--json FILE]

The plain loop takes batches in the order of the clips, each padded to its longest text. Ours puts
texts of like length together, and computes each text once.
Both take turns on some of the texts; then ours embeds all of them, with nothing in the cache.
"""

import argparse
import statistics
import tempfile
import time
from pathlib import Path

import numpy as np
import record
import torch

from mmage_utils.features import text_embeddings
from mmage_utils.models.device import find_device
from mmage_utils.sample import transcripts
from mmage_utils.sample.write import MAX_TOPICS

LIMIT = 120  # seconds for 10,000 texts on two cores


def write_texts(n, seed=0):
    """Transcripts of n synthetic clips, 25 to 60 words long."""
    rng = np.random.default_rng(seed)
    years = rng.uniform(7, 70, n)
    lengths = rng.integers(25, 61, n)
    return [
        transcripts.write_transcript(
            transcripts.draw_topics(age, MAX_TOPICS, rng), int(length), rng
        )[0]
        for age, length in zip(years, lengths, strict=True)
    ]


def plain(texts, tokenizer, network, batch=text_embeddings.BATCH):
    """Embed in the order of the texts."""
    with torch.no_grad():
        for start in range(0, len(texts), batch):
            tokens = tokenizer(
                texts[start : start + batch], padding=True, truncation=True, return_tensors="pt"
            ).to(find_device())
            states = network(**tokens).last_hidden_state
            mask = tokens["attention_mask"][..., None]
            ((states * mask).sum(1) / mask.sum(1)).cpu()


def seconds_of(job):
    """Seconds by the clock."""
    start = time.perf_counter()
    job()
    return time.perf_counter() - start


def main():
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    for name, value in (("texts", 10_000), ("some", 640), ("passes", 3)):
        parser.add_argument(f"--{name}", type=int, default=value)
    record.add_option(parser)
    args = parser.parse_args()

    texts = write_texts(args.texts)
    some = list(dict.fromkeys(texts))[: args.some]
    tokenizer, network = text_embeddings.load("minilm")
    network = network.to(find_device())
    plain(some[:64], tokenizer, network)
    taken = {"plain": [], "ours": []}
    for _ in range(args.passes):
        taken["plain"].append(seconds_of(lambda: plain(some, tokenizer, network)))
        taken["ours"].append(
            seconds_of(lambda: list(text_embeddings.vectors_of(some, tokenizer, network)))
        )
    with tempfile.TemporaryDirectory() as cache:
        first = seconds_of(lambda: text_embeddings.embed(texts, cache=Path(cache)))
        again = seconds_of(lambda: text_embeddings.embed(texts, cache=Path(cache)))

    speed = {name: len(some) / statistics.median(values) for name, values in taken.items()}
    threads = f"{torch.get_num_threads()} threads on {find_device()}"
    print(f"{len(some):,} texts, median of {args.passes} passes, {threads}:")
    for name, value in speed.items():
        print(f"  {name:8}{value:8.0f} texts a second")
    print(f"Ours is {speed['ours'] / speed['plain']:.2f} times as fast.")
    print(f"{len(texts):,} texts embedded in {first:.0f} s, read back in {again:.1f} s.")
    scaled = first * 10_000 / len(texts)
    verdict = "holds" if scaled <= LIMIT else "does not hold"
    print(f"10,000 in at most {LIMIT} s: {verdict} ({scaled:.0f} s).")
    rows = [
        {"loop over texts": name, "texts a second": value, "ratio": value / speed["plain"]}
        for name, value in speed.items()
    ]
    about = f"{len(some):,} texts, median of {args.passes} passes, {threads}"
    sentences = [
        f"Texts are embedded {rows[1]['ratio']:.1f} times as fast as by a plain loop.",
        f"{len(texts):,} texts embedded in {first:.0f} s, read back in {again:.1f} s.",
    ]
    record.write_record(args.json, {about: rows}, sentences)
    raise SystemExit(scaled > LIMIT)


if __name__ == "__main__":
    main()
