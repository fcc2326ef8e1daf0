"""Write the data cards as Croissant JSON-LD with the fields on responsible use, and their counts.

.venv/bin/python tools/croissant.py [--target docs]

Names, codes, columns, counts and hashes are taken from the package; what is said of the people is
written here. https://docs.mlcommons.org/croissant/docs/croissant-spec.html
"""

import argparse
import hashlib
import json
from pathlib import Path

from mmage_utils.data.labels import ATTRIBUTES, LABEL_COLUMNS, LABEL_LIST, N_GROUPS, SPLITS
from mmage_utils.files import ROOT
from mmage_utils.sample.label_lists import AGE_COUNTS, USER_COUNTS, draw_labels
from mmage_utils.sample.write import FORMAT, N_CLIPS

SEED = 0
CONTEXT = {
    "@language": "en",
    "@vocab": "https://schema.org/",
    "citeAs": "cr:citeAs",
    "column": "cr:column",
    "conformsTo": "dct:conformsTo",
    "cr": "http://mlcommons.org/croissant/",
    "rai": "http://mlcommons.org/croissant/RAI/",
    "data": {"@id": "cr:data", "@type": "@json"},
    "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
    "dct": "http://purl.org/dc/terms/",
    "equivalentProperty": "cr:equivalentProperty",
    "examples": {"@id": "cr:examples", "@type": "@json"},
    "extract": "cr:extract",
    "field": "cr:field",
    "fileObject": "cr:fileObject",
    "fileProperty": "cr:fileProperty",
    "fileSet": "cr:fileSet",
    "format": "cr:format",
    "includes": "cr:includes",
    "isLiveDataset": "cr:isLiveDataset",
    "jsonPath": "cr:jsonPath",
    "key": "cr:key",
    "md5": "cr:md5",
    "parentField": "cr:parentField",
    "path": "cr:path",
    "recordSet": "cr:recordSet",
    "references": "cr:references",
    "regex": "cr:regex",
    "repeated": "cr:repeated",
    "replace": "cr:replace",
    "samplingRate": "cr:samplingRate",
    "sc": "https://schema.org/",
    "separator": "cr:separator",
    "source": "cr:source",
    "subField": "cr:subField",
    "transform": "cr:transform",
}
CONFORMS = ["http://mlcommons.org/croissant/1.0", "http://mlcommons.org/croissant/RAI/1.0"]
MEDIA = {"face": ("jpg", "image/jpeg"), "voice": ("wav", "audio/x-wav")}
NOT_FOR = (
    "Not for decisions about a person (admission, insurance, employment, policing, protection of "
    "minors), not for finding a person again, and not for claims about the true age, gender or "
    "ethnicity of anybody."
)
PERCEIVED = (
    "Age group, gender and ethnicity are what annotators perceived in a clip, in "
    f"{N_GROUPS}, {len(ATTRIBUTES['Gender'])} and {len(ATTRIBUTES['Ethnicity'])} codes; they are "
    "not what the persons say of themselves, and leave out or mislabel many people."
)


def codes(attribute):
    """The codes of a label column in words: ``1 7-13, 2 14-18, ...``."""
    return ", ".join(f"{code} {name}" for code, name in ATTRIBUTES[attribute].items())


def label_bytes(split, seed=SEED):
    """The bytes of a label list of the sample, which do not depend on the number of clips."""
    labels = draw_labels(seed)
    rows = labels.loc[labels["split"] == split, LABEL_COLUMNS]
    return rows.to_csv(index=False, lineterminator="\n").encode()


def describe_columns(split):
    """The columns of a label list as Croissant fields."""
    about = {"VideoName": "Name of the clip.", "UserID": "The speaker; in one split only."}
    about |= {name: f"As perceived by annotators: {codes(name)}." for name in ATTRIBUTES}
    return [
        {
            "@type": "cr:Field",
            "@id": f"{split}/{column}",
            "name": f"{split}/{column}",
            "description": about[column],
            "dataType": "sc:Integer" if column in ATTRIBUTES else "sc:Text",
            "source": {"fileObject": {"@id": f"{split}_labels"}, "extract": {"column": column}},
        }
        for column in LABEL_COLUMNS
    ]


def label_list(split, hashes):
    """One label list as a Croissant FileObject."""
    name = LABEL_LIST.format(split=split)
    file = {"@type": "cr:FileObject", "@id": f"{split}_labels", "name": name}
    file |= {"description": f"{sum(AGE_COUNTS[split]):,} clips of {USER_COUNTS[split]:,} users."}
    file |= {"contentUrl": name, "encodingFormat": "text/csv"}
    return file | ({"sha256": hashes[split]} if hashes else {})


def describe_layout(hashes):
    """Label lists, media and records, which are the same for the sample and the real data."""
    files = [label_list(split, hashes) for split in SPLITS]
    files += [
        {
            "@type": "cr:FileSet",
            "@id": f"{medium}s",
            "name": f"{medium}s",
            "description": f"One {medium} a clip, in the folder of its split and age group.",
            "encodingFormat": kind,
            "includes": f"*/*/*.{suffix}",
        }
        for medium, (suffix, kind) in MEDIA.items()
    ]
    records = [
        {
            "@type": "cr:RecordSet",
            "@id": split,
            "name": split,
            "description": f"The clips of the {split} split: clips per age group "
            f"{', '.join(map(str, AGE_COUNTS[split]))}.",
            "key": {"@id": f"{split}/VideoName"},
            "field": describe_columns(split),
        }
        for split in SPLITS
    ]
    return {"distribution": files, "recordSet": records}


def describe_sample():
    """The card of the synthetic sample, a dict."""
    hashes = {split: hashlib.sha256(label_bytes(split)).hexdigest() for split in SPLITS}
    return {
        "@context": CONTEXT,
        "@type": "sc:Dataset",
        "conformsTo": CONFORMS,
        "name": "mmage_synthetic_sample",
        "description": "Invented people in the layout of First Impressions v3: label lists with "
        "exactly the public counts, drawn faces, speech by eSpeak NG, transcripts from templates. "
        f"Made by `mmage sample`, seed {SEED}; {N_CLIPS:,} clips have media by default.",
        "license": "https://opensource.org/license/mit",
        "creator": {"@type": "sc:Organization", "name": "the mmage authors"},
        "datePublished": "2026-11-23",
        "version": f"{FORMAT}.0.0",
        "citeAs": "See CITATION.cff.",
        "inLanguage": "en",
        "rai:dataCollection": "Nothing was collected: every clip is drawn from distributions that "
        "stand in mmage_utils/sample/cues.py.",
        "rai:dataCollectionType": ["Others"],
        "rai:dataAnnotationProtocol": "None: labels are drawn first and media from them. Of the "
        "few users with two age groups all media are drawn from one of them.",
        "rai:dataUseCases": "To run, test and teach the notebooks and the package without data of "
        "people. " + NOT_FOR,
        "rai:dataLimitations": "Cues are few and independent given the age group, faces are drawn, "
        "voices are synthetic; sizes of effects were chosen so that a small sample can be learnt "
        "from. No number of it is a finding about people.",
        "rai:dataBiases": "Counts of age groups, genders and ethnicities are those of the real "
        "lists, with their imbalance, and go together as often as there.",
        "rai:dataSocialImpact": "A model trained on it knows drawn faces only and must not be used "
        "on people.",
        "rai:personalSensitiveInformation": "None: all names and people are invented.",
        "rai:dataReleaseMaintenancePlan": "The same seed gives the same bytes within a format; "
        "when the media change, the format is raised and CHANGELOG.md says so.",
        **describe_layout(hashes),
    }


def describe_real():
    """The card of the label lists of First Impressions v3, of which nothing is passed on."""
    return {
        "@context": CONTEXT,
        "@type": "sc:Dataset",
        "conformsTo": CONFORMS,
        "name": "first_impressions_v3_age_labels",
        "description": "ChaLearn First Impressions v3 with labels of perceived age group, as this "
        "repository reads it: clips of 15.302 s of one speaker from YouTube, with a face crop, the "
        "voice and a transcript each. Nothing of it is part of this repository; this card was "
        "written by its users, not its makers.",
        "license": "The terms that are accepted when one registers with ChaLearn.",
        "url": "https://chalearnlap.cvc.uab.cat/",
        "creator": {"@type": "sc:Organization", "name": "ChaLearn Looking at People"},
        "version": "3.0.0",
        "inLanguage": "en",
        # We may not pass the files on, and their makers publish no hash: none can be stated.
        "isLiveDataset": True,
        "citeAs": "Escalante et al. 2022, Modeling, recognizing, and explaining apparent "
        "personality from videos, IEEE Transactions on Affective Computing 13(2).",
        "rai:dataCollection": "Clips of people who speak to a camera in English, cut from YouTube "
        "videos by the makers of First Impressions.",
        "rai:dataCollectionType": ["Web Scraping"],
        "rai:dataAnnotationProtocol": PERCEIVED + " How many annotators saw a clip, and how far "
        "they agreed, is not in the lists.",
        "rai:annotatorDemographics": "Not in the lists.",
        "rai:dataUseCases": "Studies of how perceived age is read from clips, and of methods. "
        + NOT_FOR,
        "rai:dataLimitations": "People who upload videos in English; several combinations of age "
        "group, gender and ethnicity have no clip; the youngest and oldest groups have a handful "
        "of users, of whom no accuracy can be given.",
        "rai:dataBiases": "Half of the clips are of one age group and most of one ethnicity; a "
        "model is better where there are more clips. Labels carry the views of annotators.",
        "rai:dataSocialImpact": "Reading age, gender or ethnicity off people can harm them, above "
        "all where labels are taken for what somebody is. Nothing in the lists says that the "
        "people agreed to this use.",
        "rai:personalSensitiveInformation": "Faces, voices and words of identifiable people, and "
        "their perceived ethnicity. Face and speaker embeddings can find a person again: keep them "
        "as the media are kept.",
        "rai:dataReleaseMaintenancePlan": "The makers', under the terms that are accepted when one "
        "registers with ChaLearn.",
        **describe_layout(None),
    }


CARDS = {"synthetic_sample": describe_sample, "first_impressions": describe_real}
BEGIN, END = "<!-- counts: begin -->", "<!-- counts: end -->"


def card_text(name):
    """The text of a card's file, ``<name>.json``."""
    return json.dumps(CARDS[name](), indent=2, ensure_ascii=False) + "\n"


def count_table():
    """Clips of each age group and users of each split, as Markdown."""
    head = ["split", *ATTRIBUTES["AgeGroup"].values(), "clips", "users"]
    lines = [f"| {' | '.join(head)} |", "|---|" + "---|" * (len(head) - 1)]
    for split in SPLITS:
        counts = AGE_COUNTS[split]
        numbers = [f"{number:,}" for number in (*counts, sum(counts), USER_COUNTS[split])]
        lines.append(f"| {' | '.join([split, *numbers])} |")
    return "\n".join(lines)


def with_counts(text):
    """The text of data_card.md with the table of counts between its two marks."""
    before, _, rest = text.partition(BEGIN)
    return f"{before}{BEGIN}\n{count_table()}\n{END}{rest.partition(END)[2]}"


def main(arguments=None):
    """Write both cards, and the counts into data_card.md."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--target", type=Path, default=ROOT / "docs")
    target = parser.parse_args(arguments).target
    (target / "croissant").mkdir(parents=True, exist_ok=True)
    texts = {f"croissant/{name}.json": card_text(name) for name in CARDS}
    card = (ROOT / "docs" / "data_card.md").read_text(encoding="utf-8")
    for name, text in (texts | {"data_card.md": with_counts(card)}).items():
        (target / name).write_text(text, encoding="utf-8")
        print(target / name)


if __name__ == "__main__":
    main()
