"""A sample whose clips have names and words that attack, and whose media are damaged."""

import pickle

from helpers.damaged_faces import FACES
from helpers.damaged_folders import MEDIA, NAMES, SCRIPTS
from helpers.damaged_sounds import RECORDINGS

from mmage_utils.data.clips import read_clips
from mmage_utils.data.labels import SYNTHETIC_MARK
from mmage_utils.sample.ideal_observer import CUES_FILE


def attack(folder, *, damage=True):
    """Rename users and clips of a sample, give them words that attack, and damage some media.

    Parameters
    ----------
    folder : Path
        A synthetic sample, changed in place.
    damage : bool
        Damage faces and voices too: eight kinds of each.

    Returns
    -------
    dict of str to int
        How many of each medium are left that can be used.
    """
    for name in (SYNTHETIC_MARK, CUES_FILE):  # which know the clips by their old names
        (folder / name).unlink(missing_ok=True)
    clips = read_clips(folder)
    there = clips[clips[list(MEDIA)].notna().all(axis=1)].index
    attacks = [text for text in NAMES.values() if text and "/" not in text and text != ".."]
    attacks = [text for text in attacks if len(text.encode()) < 200]
    users = {}
    for number, row in enumerate(there):
        user = clips.at[row, "UserID"]
        users.setdefault(user, f"{attacks[len(users) % len(attacks)]}{len(users)}")
        rename(folder, clips, row, f"{users[user]}.{number:03d}")
    clips["UserID"] = clips["UserID"].replace(users)
    # Names with paths and whole scripts stand in the lists only.
    clips.loc[clips.index.difference(there)[:20], "VideoName"] = [
        f"../<script>alert(1)</script>/{k}.mp4" for k in range(20)
    ]
    for split, rows in clips.groupby("split", sort=False):
        columns = ["VideoName", "UserID", "AgeGroup", "Gender", "Ethnicity"]
        rows[columns].to_csv(folder / f"{split}_set_age_labels.csv", index=False)
    clips = read_clips(folder)
    clips = clips[clips[list(MEDIA)].notna().all(axis=1)]
    write_words(clips)
    left = dict.fromkeys(MEDIA, len(clips))
    if damage:
        left |= damage_media(clips)
    return left


def rename(folder, clips, row, name):
    """Give a clip another name, in the table and on disk."""
    place = folder / clips.at[row, "split"] / str(clips.at[row, "AgeGroup"])
    for suffix in MEDIA.values():
        (place / f"{clips.at[row, 'clip']}{suffix}").rename(place / f"{name}{suffix}")
    clips.at[row, "VideoName"] = f"{name}.mp4"


def write_words(clips):
    """Put an attack in front of the words of every clip."""
    attacks = list(SCRIPTS.values())
    for number, path in enumerate(clips["transcript"]):
        with open(path, "rb") as stream:
            words = pickle.load(stream)
        with open(path, "wb") as stream:
            pickle.dump(f"{attacks[number % len(attacks)]} {words}", stream)


def damage_media(clips):
    """Replace faces and voices of clips of group 4 by others that are damaged or unusual."""
    middle = clips[clips["AgeGroup"] == 4].groupby("split").tail(8)
    places = middle[middle["split"] != "valid"].reset_index(drop=True)
    left = dict.fromkeys(MEDIA, len(clips))
    for medium, damages, names in (
        ("image", FACES, ("empty", "cut", "SVG with a script", "PNG of 100 million pixels",
                          "CMYK", "turned by EXIF", "GIF of 50 frames", "a web page")),
        ("audio", RECORDINGS, ("empty", "NaN", "1 sample", "claims 4 GB", "a page of script",
                               "24 bits", "192 kHz", "20 minutes in 100 kB")),
    ):  # fmt: skip
        for path, name in zip(places[medium], names, strict=False):
            content, used, _ = damages[name]
            with open(path, "wb") as stream:
                stream.write(content() if callable(content) else content)
            left[medium] -= not used
    return left
