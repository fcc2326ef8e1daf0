"""Write the sample: invented people in a folder of the exact layout of First Impressions."""

import json
import os
import pickle
import shutil
import zlib
from pathlib import Path

import numpy as np
import pandas as pd

from mmage_utils.data.clips import read_mark
from mmage_utils.data.labels import AGE_GROUPS, LABEL_COLUMNS, LABEL_LIST, SPLITS, SYNTHETIC_MARK
from mmage_utils.errors import DataError, UsageError
from mmage_utils.files import locked, shown, write_text
from mmage_utils.progress import progress_bar
from mmage_utils.sample import cues, face, label_lists, speech, transcripts
from mmage_utils.sample.ideal_observer import CUES_FILE

FORMAT = 3  # raise it when the drawn media change, so that an old sample is not taken for a new one
N_CLIPS = 3095  # the whole test split, 720 of train and 400 of valid
MIN_CLIPS = 160
WHOLE_TEST = 2975  # from so many clips on, the whole test split has media
SHARES = {"train": 0.6, "valid": 0.2, "test": 0.2}
SHARES_BESIDE_WHOLE_TEST = {"train": 0.643, "valid": 0.357}
SPOKEN_SECONDS = 14.6  # of the 15.302 s of a clip; the rest is breath and silence
MAX_TOPICS = 20


def make_sample(folder, *, n_clips=N_CLIPS, seed=0, n_jobs=-1):
    """Write a synthetic First Impressions folder, or leave an identical one as it is.

    Parameters
    ----------
    folder : path-like
        Where to write. It appears whole or not at all.
    n_clips : int
        Clips that get media, 160 to 10,000, whole users. From `WHOLE_TEST` clips on, the whole
        test split has media, as in the real data; with fewer, about 60/20/20 per cent are in
        train, valid and test. The label lists always hold all 10,000 clips.
    seed : int
        The same seed gives the same bytes.
    n_jobs : int
        Processes that draw, as in joblib.

    Returns
    -------
    bool
        True when the folder was written, False when it was there already.

    Raises
    ------
    UsageError
        When `n_clips` is out of range or the seed is negative.
    DataError
        When the folder exists and contains something else.
    """
    if not MIN_CLIPS <= n_clips <= 10_000:
        raise UsageError(f"A sample has {MIN_CLIPS} to 10000 clips with media, not {n_clips}.")
    if seed < 0:
        raise UsageError(f"The seed must be 0 or more, not {seed}.")
    folder = Path(folder).resolve()
    mark = {"what": "synthetic sample", "format": FORMAT, "clips": n_clips, "seed": seed}
    if read_mark(folder) == mark:
        return False
    # Two runs may want the same sample: the second waits, and finds it made.
    with locked(folder.with_name(f".{folder.name}.lock")):
        return _make_sample(folder, mark, n_jobs)


def _make_sample(folder, mark, n_jobs):
    from joblib import Parallel, delayed

    n_clips, seed = mark["clips"], mark["seed"]
    if folder.is_file() or (folder.exists() and any(folder.iterdir())):
        present = read_mark(folder)
        if present == mark:
            return False
        content = "another sample" if present else "other files"
        raise DataError(f"{folder} contains {content}: remove it or name another folder.")

    labels = label_lists.draw_labels(seed)
    chosen = choose_clips(labels, n_clips, seed)
    drawn = chosen.merge(cues.draw_cues(labels, seed), on="VideoName", validate="1:1")

    partial = folder.with_name(f".{folder.name}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    for split in SPLITS:
        for group in AGE_GROUPS:
            (partial / split / str(group)).mkdir(parents=True)
        rows = labels.loc[labels["split"] == split, LABEL_COLUMNS]
        rows.to_csv(partial / LABEL_LIST.format(split=split), index=False, lineterminator="\n")
    jobs = (delayed(write_clip)(partial, clip, seed) for clip in drawn.to_dict("records"))
    written = Parallel(n_jobs=n_jobs, batch_size=16, return_as="generator")(jobs)
    topics = list(progress_bar(len(drawn), "Drawing faces, voices and words", "clip", written))
    columns = [name for name in drawn if name not in {*LABEL_COLUMNS[1:], "split", "user_group"}]
    table = drawn[columns].assign(topics=topics)
    table.to_csv(partial / CUES_FILE, index=False, lineterminator="\n", float_format="%.6g")
    write_text(partial / SYNTHETIC_MARK, json.dumps(mark, indent=1) + "\n")
    if folder.exists():
        folder.rmdir()  # which is empty
    os.replace(partial, folder)
    return True


def check_format(folder):
    """Raise `DataError` if a sample was written by another version of this package."""
    if read_mark(folder).get("format") != FORMAT:
        raise DataError(
            f"{shown(Path(folder))} is a sample of another version of mmage: remove it, and it is "
            "made again."
        )


def choose_clips(labels, n_clips, seed):
    """Choose whole users for media: at least two of every age group in every split.

    Returns
    -------
    pandas.DataFrame
        The `n_clips` rows of `labels` that get media, in list order.
    """
    rng = np.random.default_rng([seed, 3])
    listed = labels["split"].value_counts()
    wanted, shares = {}, SHARES
    if n_clips >= WHOLE_TEST:
        wanted, shares = {"test": listed["test"]}, SHARES_BESIDE_WHOLE_TEST
    beside = n_clips - sum(wanted.values())
    wanted |= {split: min(round(beside * share), listed[split]) for split, share in shares.items()}
    for split in SPLITS:  # a list may be shorter than its share: the others take the rest
        rest = n_clips - sum(wanted.values())
        wanted[split] += min(rest, listed[split] - wanted[split])

    chosen = []
    for split in SPLITS:
        part = labels[labels["split"] == split]
        users = part.groupby("UserID", sort=True)
        users = pd.DataFrame({"clips": users.size(), "group": users["user_group"].first()})
        users = users.iloc[rng.permutation(len(users))]
        quota = part["user_group"].value_counts() * wanted[split] / len(part)
        # Two users of every group first, then each group up to its share, then what fits.
        # The smallest users are those two, so that they fit even the smallest sample; and a few
        # users of one clip come last, to end on the exact number.
        rank = users.groupby("group")["clips"].rank(method="first") - 1
        filled = users.groupby("group")["clips"].cumsum() - users["clips"]
        order = np.where(rank < 2, 0, np.where(filled < users["group"].map(quota), 1, 2))
        single = (order > 0) & (users["clips"] == 1).to_numpy()
        order[single & (single.cumsum() < 6)] = 3
        left = wanted[split]
        for user, count in users["clips"].iloc[np.argsort(order, kind="stable")].items():
            if count <= left:
                chosen.append(user)
                left -= count
    return labels[labels["UserID"].isin(chosen)].reset_index(drop=True)


def write_clip(folder, clip, seed):
    """Write the three files of a clip: a face, a recording and a transcript.

    Parameters
    ----------
    folder : pathlib.Path
        The sample; it has the folder of the clip's split and age group.
    clip : dict
        What is drawn of the clip: a row of the label lists with its cues (`cues.draw_cues`).
    seed : int
        Of the sample.

    Returns
    -------
    str
        Names of the topics that its words were drawn from, joined by ``;``.
    """
    name = clip["VideoName"].removesuffix(".mp4")
    clip_seed = zlib.crc32(name.encode())
    stem = str(folder / clip["split"] / str(clip["AgeGroup"]) / name)
    gender = clip["Gender"]

    image = face.draw_face(
        {dial: clip[f"face_{dial}"] for dial in face.DIALS},
        gender=gender,
        ethnicity=clip["Ethnicity"],
        identity=zlib.crc32(clip["UserID"].encode()) + seed,
        clip=clip_seed + seed,
    )
    Path(stem + ".jpg").write_bytes(face.encode_jpeg(image, clip=clip_seed + seed))

    rng = np.random.default_rng([seed, clip_seed])
    text, topics = write_words(clip, rng)
    Path(stem + ".pkl").write_bytes(pickle.dumps(text, protocol=4))

    samples = speech.speak(
        text,
        f0=clip["voice_f0"],
        f0_range=clip["voice_f0_range"],
        words_per_second=clip["voice_rate"],
        gender=gender,
        years=clip["voice_years"],
        rng=rng,
    )
    Path(stem + ".wav").write_bytes(speech.encode_wav(samples))
    return topics


def write_words(clip, rng):
    """Write the words of a clip: as many as its rate of speech gives, on topics of its age.

    Parameters
    ----------
    clip : dict
        As `write_clip`.
    rng : numpy.random.Generator

    Returns
    -------
    text : str
    topics : str
        Names of the topics that its words were drawn from, joined by ``;``.
    """
    n_words = int(np.clip(round(clip["voice_rate"] * SPOKEN_SECONDS), 25, 60))
    topics = transcripts.draw_topics(clip["words_years"], MAX_TOPICS, rng)
    text, n_used = transcripts.write_transcript(topics, n_words, rng)
    return text, ";".join(transcripts.TOPICS[topic].name for topic in topics[:n_used])
