"""Images per second of the report's loop and of ours, from one run, and what limits ours.

    python benchmarks/faces.py [--data DIR] [--size 80] [--batch 32] [--batches 12] [--rounds 5]
                               [--head 6006] [--float32] [--json FILE]

The report's loop: ImageFolder, no workers, transforms image by image, float32, Adam tensor by
tensor. Ours: faces decoded once, augmented by batches on the device, channels last, fused Adam,
small convolutions as matrix products, and bfloat16 where the device has it (not with --float32).
Both see the same images at the same size, with the same network and batch, and where
``python -m benchmarks`` starts this, both keep the memory that they free (`processes.keep_memory`);
their rounds take turns, and medians are printed. Then one step of our training is profiled: which
operators take the processor's time themselves.
"""

import argparse
import statistics
import tempfile
import time
from pathlib import Path

import numpy as np
import record
import torch
from facenet_pytorch import InceptionResnetV1
from torch import nn
from torch.profiler import ProfilerActivity, profile
from torch.utils.data import DataLoader
from torchvision import datasets, transforms

from mmage_utils.data.clips import read_clips, with_media
from mmage_utils.features.faces import FaceDataset, load_faces
from mmage_utils.files import CACHE
from mmage_utils.models import device, frozen_heads, networks, training

DEVICE, BFLOAT16 = device.find_device(), device.has_bfloat16()
AIMS = {"training": 2.5, "embedding": 2.0}  # times as fast as the report's loop
MOST = 10  # operators shown


def report_batches(folder, size, batch, *, train):
    """Batches as the report loads them."""
    steps = [transforms.Resize((size, size))]
    steps += [transforms.TrivialAugmentWide()] if train else []
    steps += [
        transforms.ToTensor(),
        transforms.Normalize([0.485, 0.456, 0.406], [0.229, 0.224, 0.225]),
    ]
    images = datasets.ImageFolder(
        folder / "train", transform=transforms.Compose(steps), allow_empty=True
    )
    return DataLoader(images, batch, shuffle=train, drop_last=True)


def our_batches(dataset, batch, *, train):
    """Batches of 8-bit faces, decoded before."""
    return DataLoader(
        dataset,
        batch,
        shuffle=train,
        drop_last=True,
        collate_fn=lambda x: x,
        pin_memory=DEVICE == "cuda",
    )


def endless(loader):
    """Batches without end, the order drawn anew in every pass."""
    while True:
        yield from loader


def wait():
    """Until the device has done all it was told."""
    if DEVICE == "cuda":
        torch.cuda.synchronize()


def report_step(model, optimiser, batch):
    """One step of training as the report does it, the loss read at every step."""
    x, y = (part.to(DEVICE) for part in batch)
    optimiser.zero_grad()
    loss = nn.functional.cross_entropy(model(x), y)
    loss.backward()
    optimiser.step()
    return loss.item()


def our_step(model, optimiser, batch, dataset, bfloat16):
    """One step of training as `training.fit` does it."""
    (images, copies), y = batch
    x = dataset.prepare((images.to(DEVICE, non_blocking=True), copies))
    x = x.contiguous(memory_format=torch.channels_last)
    optimiser.zero_grad()
    with torch.autocast(DEVICE, torch.bfloat16, enabled=bfloat16):
        loss = nn.functional.cross_entropy(model(x), y.to(DEVICE, non_blocking=True))
    loss.backward()
    optimiser.step()


def report_embed(model, batch):
    """Embed a batch in float32."""
    with torch.no_grad():
        model(batch[0].to(DEVICE)).cpu()


def our_embed(model, faces, n, bfloat16):
    """Embed n faces, the same ones again where there are fewer, as `recipes.embed_faces` does."""
    rows = np.arange(n) % len(faces)
    dataset = FaceDataset(faces, rows, np.ones(n, dtype=int))
    training.outputs(model, dataset, bfloat16=bfloat16)


def steps(step, batches):
    """Function that does a step for each of n batches."""

    def run(n):
        for _ in range(n):
            step(next(batches))

    return run


def seconds_of(run, n):
    """Seconds that n batches take, loading included."""
    wait()
    start = time.perf_counter()
    run(n)
    wait()
    return time.perf_counter() - start


def operators_of(step, batches):
    """The operators of one step that take most of the processor's time themselves."""
    batch = next(batches)
    with profile(activities=[ProfilerActivity.CPU]) as seen:
        step(batch)
        wait()
    rows = sorted(seen.key_averages(), key=lambda row: -row.self_cpu_time_total)
    total = sum(row.self_cpu_time_total for row in rows)
    return [
        {
            "operator": row.key,
            "calls": row.count,
            "self CPU ms": row.self_cpu_time_total / 1000,
            "share": row.self_cpu_time_total / total,
        }
        for row in rows[:MOST]
    ]


def head_epoch_seconds(n, epochs=4):
    """Seconds of one epoch of training a linear head on n embeddings, as notebook 03 does it."""
    rng = np.random.default_rng(0)
    rows = training.as_dataset(rng.normal(0, 1, (n, 512)), rng.integers(1, 8, n))
    few = training.as_dataset(rng.normal(0, 1, (100, 512)), rng.integers(1, 8, 100))
    settings = training.Settings(**frozen_heads.HEAD | {"epochs": epochs})
    with tempfile.TemporaryDirectory() as cache:
        fit = training.fit(networks.linear_head(), rows, few, settings, cache=Path(cache))
    return fit.seconds / epochs


def main():
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, default=Path("data/sample"))
    sizes = {"size": 80, "batch": 32, "batches": 12, "rounds": 5, "head": 6006}
    for name, value in sizes.items():
        parser.add_argument(f"--{name}", type=int, default=value)
    parser.add_argument("--cache", type=Path, default=CACHE, help="folder of the decoded faces")
    parser.add_argument("--float32", action="store_true")
    record.add_option(parser)
    args = parser.parse_args()
    bfloat16 = BFLOAT16 and not args.float32

    clips = with_media(read_clips(args.data), "image")
    clips = clips[clips["split"] == "train"].reset_index(drop=True)
    start = time.perf_counter()
    clips, faces, *_ = load_faces(clips, args.size, cache=args.cache)
    decoding = time.perf_counter() - start
    ours = FaceDataset(faces, range(len(clips)), clips["AgeGroup"], "original")

    nets = {
        "report": InceptionResnetV1(classify=True, num_classes=7).to(DEVICE).train(),
        "ours": networks.face_classifier()[0].to(DEVICE, memory_format=torch.channels_last).train(),
    }
    adams = {
        "report": torch.optim.Adam(nets["report"].parameters(), lr=1e-6, foreach=False),
        "ours": torch.optim.Adam(nets["ours"].parameters(), lr=1e-6, fused=True),
    }
    bare = {name: networks.backbone(net) for name, net in nets.items()}
    train = (
        lambda b: our_step(nets["ours"], adams["ours"], b, ours, bfloat16),
        endless(our_batches(ours, args.batch, train=True)),
    )
    jobs = {
        ("training", "report"): steps(
            lambda b: report_step(nets["report"], adams["report"], b),
            endless(report_batches(args.data, args.size, args.batch, train=True)),
        ),
        ("training", "ours"): steps(*train),
        ("embedding", "report"): steps(
            lambda b: report_embed(bare["report"], b),
            endless(report_batches(args.data, args.size, args.batch, train=False)),
        ),
        ("embedding", "ours"): lambda n: our_embed(bare["ours"], faces, n * args.batch, bfloat16),
        ("loading and augmenting", "report"): steps(
            lambda b: b[0].to(DEVICE),
            endless(report_batches(args.data, args.size, args.batch, train=True)),
        ),
        ("loading and augmenting", "ours"): steps(
            lambda b: ours.prepare((b[0][0].to(DEVICE), b[0][1])),
            endless(our_batches(ours, args.batch, train=True)),
        ),
    }
    taken = {key: [] for key in jobs}
    for k in range(args.rounds + 1):
        for key, run in jobs.items():
            seconds = seconds_of(run, args.batches if k else min(2, args.batches))
            taken[key] += [seconds / args.batches] if k else []  # the first round warms up
    speed = {key: args.batch / statistics.median(values) for key, values in taken.items()}

    about = (
        f"{len(clips):,} train faces at {args.size} px, batches of {args.batch}, on {DEVICE} "
        f"({torch.get_num_threads()} threads; bfloat16 {'on' if bfloat16 else 'off'})"
    )
    print(about)
    print(f"{'images per second':24}{'report':>10}{'ours':>10}{'ratio':>8}")
    rows = []
    for what in ("training", "embedding", "loading and augmenting"):
        report, mine = speed[what, "report"], speed[what, "ours"]
        rows.append({"images per second": what, "report": report, "ours": mine})
        rows[-1]["ratio"] = mine / report
        print(f"{what:24}{report:10.0f}{mine:10.0f}{mine / report:8.2f}")
    operators = operators_of(*train)
    print(f"\n{record.markdown(operators)}\n")
    share = speed["training", "ours"] / speed["loading and augmenting", "ours"]
    limit = "the network" if share < 0.5 else "loading and augmenting"
    epoch = head_epoch_seconds(args.head)
    minutes = 145 * len(clips) / speed["training", "ours"] / 60
    ratios = {row["images per second"]: row["ratio"] for row in rows}
    sentences = [
        f"{what.capitalize()} at least {aim} times as fast as the report's loop: "
        f"{'holds' if ratios[what] >= aim else 'does not hold'} ({ratios[what]:.2f})."
        for what, aim in AIMS.items()
    ]
    sentences += [
        f"Loading and augmenting take {share:.0%} of our training step: {limit} limits it.",
        f"Finding or decoding the faces, once, took {decoding:.1f} s.",
        f"An epoch of training a head on {args.head:,} embeddings takes {epoch:.2f} s.",
        f"145 epochs of these faces: {minutes:.1f} min.",
    ]
    print(*sentences, sep="\n")
    first = (
        f"A face network is trained {rows[0]['ratio']:.1f} times as fast as by the report's loop, "
        f"and embeds {rows[1]['ratio']:.1f} times as fast."
    )
    tables = {about: rows, "Operators of one step of our training, profiled": operators}
    record.write_record(args.json, tables, [first, *sentences])


if __name__ == "__main__":
    main()
