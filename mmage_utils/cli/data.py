"""Commands on folders of data: write, import, check, and compute features."""

from pathlib import Path
from typing import Annotated

import typer
from typer import Argument, Option

from mmage_utils.cli.base import Folder, JsonFile, app, finish, say
from mmage_utils.errors import DataError, UsageError


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
    model: Annotated[
        Path | None, Option(help="Folder of another Whisper model (CTranslate2) to do it with.")
    ] = None,
    jobs: Annotated[int, Option(min=1, help="Processes that read.")] = 2,
):
    """Make a First Impressions folder of raw videos: faces, voices, transcripts, label lists.

    What is done is not done again. The exit code is 1 if a video gave neither face nor voice.
    """
    from mmage_utils.data.speech_recognition import load_recogniser
    from mmage_utils.data.video_import import LEFT_OUT, import_videos
    from mmage_utils.display.data_notes import import_text

    if model and not transcribe:
        raise UsageError("--model names what recognises words: add --transcribe.")
    recogniser = load_recogniser(model) if transcribe else None
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
    recipe: Annotated[str, Option(help="fast, published (the report's), or speaker.")] = "fast",
    scheduler: Annotated[str | None, Option(help="Address of a Dask scheduler to use.")] = None,
    json_file: JsonFile = None,
):
    """Compute the features of every recording that is not in the cache yet.

    The recipe is one of the acoustic features, or speaker: the packaged speaker network.
    """
    from mmage_utils.data.clips import read_clips
    from mmage_utils.display.data_notes import extraction_text
    from mmage_utils.features.voices.extraction import extract_features, summarise_extraction
    from mmage_utils.features.voices.speaker_embeddings import embed_voices

    clips = read_clips(folder)
    clips = clips[clips["audio"].notna()].reset_index(drop=True)
    if clips.empty:
        raise DataError(f"{folder}: no clip has a recording, for example train/4/NAME.wav.")
    if recipe == "speaker":
        counts = embed_voices(clips, scheduler=scheduler).record()
    else:
        extraction = extract_features(clips, recipe=recipe, scheduler=scheduler)
        counts = summarise_extraction(clips, extraction)
    say(extraction_text(counts))
    finish(counts["unreadable"], json_file, counts)
