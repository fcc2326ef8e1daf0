"""Commands on folders of data: write, import, check, compute features, and train on them."""

import time
from pathlib import Path
from typing import Annotated

import typer
from typer import Argument, Option

from mmage_utils.cli.base import (
    Folder,
    JsonFile,
    RecogniserModel,
    app,
    find_recogniser,
    finish,
    say,
)


@app.command()
def sample(
    folder: Annotated[Path, Argument(help="Folder to write.")],
    clips: Annotated[int, Option(help="Clips that get media, 160 to 10000.")] = 3095,
    seed: Annotated[int, Option(help="The same seed gives the same bytes.")] = 0,
    lists: Annotated[
        int | None, Option(help="Write label lists and predictions of so many clips, no media.")
    ] = None,
    videos: Annotated[int, Option(help="Clips of which FOLDER/videos gets a video too.")] = 0,
):
    """Write a synthetic First Impressions folder: label lists, faces, voices, transcripts."""
    from mmage_utils.sample.large_lists import write_lists
    from mmage_utils.sample.videos import check_number, make_videos
    from mmage_utils.sample.write import make_sample

    if lists is not None:
        write_lists(folder, lists, seed=seed)
        say(f"Synthetic label lists and predictions of {lists:,} clips, no media: {folder}")
        return
    check_number(videos, clips)
    written = make_sample(folder, n_clips=clips, seed=seed)
    outcome = "written" if written else "there already, nothing to do"
    say(f"Synthetic sample of {clips} clips with media, seed {seed}: {folder} ({outcome}).")
    if videos:
        new = make_videos(folder, videos, seed=seed)
        say(f"Videos in {folder / 'videos'}: {new} written, {videos} asked for.")


@app.command("import")
def import_raw(
    videos: Annotated[Path, Argument(help="A folder of videos, or one video.")],
    folder: Annotated[Path, Argument(help="Folder to write, or of an earlier import.")],
    labels: Annotated[
        Path | None, Option(help="CSV file of labels, or a folder with the three label lists.")
    ] = None,
    transcripts: Annotated[
        list[Path] | None, Option(help="Pickled dict, CSV file or folder of texts; repeatable.")
    ] = None,
    transcribe: Annotated[
        bool, Option("--transcribe", help="Recognise the words of clips without a transcript.")
    ] = False,
    model: RecogniserModel = None,
    jobs: Annotated[int, Option(min=1, help="Processes that read.")] = 2,
):
    """Make a First Impressions folder of raw videos: faces, voices, transcripts, label lists.

    What is done is not done again. The exit code is 1 if a video gave neither face nor voice.
    """
    from mmage_utils.data.video_import import LEFT_OUT, import_videos
    from mmage_utils.display.data_notes import import_text

    recogniser = find_recogniser(transcribe, model)
    record, left_out = import_videos(
        videos, folder, labels=labels, transcripts=transcripts or (), recogniser=recogniser,
        n_jobs=jobs,
    )  # fmt: skip
    say(import_text(record, left_out))
    say(f"{folder}: what was left out, and why, is in {LEFT_OUT}.")
    finish((left_out["what"] == "video").any())


@app.command()
def check_data(folder: Folder):
    """Check label lists and media; print every problem, with file and row."""
    from mmage_utils.data.clips import (
        MEDIA,
        count_media,
        describe_data,
        list_unlabelled,
        read_clips,
    )
    from mmage_utils.data.folder_check import check_data
    from mmage_utils.data.labels import has_lists

    problems = check_data(folder)
    for problem in problems:
        say(str(problem))
    errors = sum(problem.error for problem in problems)
    if errors:
        say(f"{folder}: {errors} errors, {len(problems) - errors} warnings.")
        raise typer.Exit(1)
    if not has_lists(folder):
        clips = list_unlabelled(folder)
        counts = [f"{sum(medium in own for own in clips.values()):,} {medium}" for medium in MEDIA]
        say(f"{folder}: {len(clips):,} clips without labels; with {', '.join(counts)}.")
        return
    clips = read_clips(folder)
    say(f"{folder}: {describe_data(folder)}, {clips['UserID'].nunique():,} users.")
    say(count_media(clips).to_string())


@app.command()
def features(
    folder: Folder,
    out: Annotated[
        Path, Option("--out", "-o", help="Folder to write, or of an earlier call, which goes on.")
    ],
    modality: Annotated[str, Option(help="voice, face or words.")] = "voice",
    recipe: Annotated[
        str | None,
        Option(help="voice: fast, published, speaker; face: dlib, dlib-age; words: a model."),
    ] = None,
    shard_size: Annotated[
        int | None, Option(min=1, help="Clips a part; 2000, or less for short lists.")
    ] = None,
    half: Annotated[bool, Option("--half", help="Store embeddings in half precision.")] = False,
    scheduler: Annotated[str | None, Option(help="Address of a Dask scheduler to use.")] = None,
    workers: Annotated[
        int | None, Option(min=1, help="Processes of this machine; one a core if not given.")
    ] = None,
    json_file: JsonFile = None,
):
    """Compute the features of every clip's voice, face or words, as Parquet parts.

    A call that was stopped goes on when it is repeated. The exit code is 1 if a file cannot be
    read; it is named, and its row says why.
    """
    from mmage_utils.display.data_notes import features_text
    from mmage_utils.features.shards import write_features

    clock = time.perf_counter()
    record = write_features(
        folder, out, modality=modality, recipe=recipe, shard_size=shard_size, half=half,
        scheduler=scheduler, n_workers=workers,
    )  # fmt: skip
    record |= {"seconds": time.perf_counter() - clock}
    say(features_text(record))
    say(f"Features are in {out}: pandas.read_parquet reads the folder.")
    finish(record["unreadable"], json_file, record)


@app.command()
def train(
    features: Annotated[Path, Argument(help="Folder that `mmage features` wrote.")],
    folder: Folder,
    out: Annotated[Path, Option("--out", "-o", help="Folder for weights and predictions.")],
    epochs: Annotated[int, Option(min=1, help="Epochs at most.")] = 20,
    batch_size: Annotated[
        int, Option(min=2, help="Clips of a batch, of all processes together.")
    ] = 256,
    lr: Annotated[float, Option(min=0, help="Highest learning rate.")] = 0.002,
    seed: Annotated[int, Option(help="Decides the first weights and the order.")] = 0,
):
    """Train a linear head on features, on one process or on those that torchrun starts.

    Repeated, a training that was cut off goes on after one of its last epochs.
    """
    from mmage_utils.display.training_sentences import head_text
    from mmage_utils.models.part_heads import train_on_parts

    record = train_on_parts(
        features, folder, out, epochs=epochs, batch_size=batch_size, lr=lr, seed=seed
    )
    if record:  # the first process speaks for all
        say(head_text(record))
        say(f"Weights, predictions and curves are in {out}.")
