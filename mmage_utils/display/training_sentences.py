"""Sentences about trainings and what was chosen on valid, and what a figure is about."""

from mmage_utils.display.sentences import difference_sentence, percent, points
from mmage_utils.scores.evaluation import CONSTANT, pick


def about(table, model=""):
    """Model, splits, clips and users of a figure: ``image, corrected; test: 240 clips, 75 users``.

    Parameters
    ----------
    table : pandas.DataFrame
        UserID and split of each clip: predictions or label lists.
    model : str
        Label of the model or models, or what else is shown.
    """
    splits = ", ".join(table["split"].unique())
    text = f"{splits}: {len(table):,} clips of {table['UserID'].nunique():,} users"
    return f"{model}; {text}" if model else text


def trained_sentence(name, other, gap, *, trainings):
    """`sentences.difference_sentence` that says over how many trainings the interval goes.

    Parameters
    ----------
    name, other : str
    gap : mapping
        value, low, high.
    trainings : int
        Trainings of each of the two.
    """
    text = difference_sentence(name, other, gap).removesuffix(".")
    if trainings == 1:
        return f"{text}; one training each, the interval covers users only."
    return f"{text}; mean of {trainings} trainings each, the interval covers users and trainings."


def gaps_sentence(name, other, gaps):
    """`trained_sentence` of each metric of `comparison.seed_differences`."""
    texts = [
        f"In {gap.metric.replace('_', ' ')}: "
        + trained_sentence(name, other, gap._asdict(), trainings=gap.trainings)
        for gap in gaps.itertuples()
    ]
    return "\n\n".join(texts)


def epochs_sentence(fits, offered):
    """How many epochs each model was offered, used and chose.

    Parameters
    ----------
    fits : dict of str to training.Fit
        By the label of the model.
    offered : dict of str to int
    """
    texts = [
        f"{name}: {offered[name]} offered, {len(fit.history)} used, number {fit.best_epoch} kept"
        for name, fit in fits.items()
    ]
    same = len(set(offered.values())) == 1
    start = "Both recipes were offered the same number of epochs" if same else "Epochs"
    return f"{start}. {'; '.join(texts)}."


def seeds_sentence(committed, name, other):
    """What several trainings of each of two recipes gave, from the results that are committed.

    Parameters
    ----------
    committed : dict or None
        `runs.committed_results` of b_seeds.
    name, other : str
        Labels of the two recipes.
    """
    if committed is None:
        return "For these data no results of several trainings are committed (`params/seeds.yaml`)."
    texts = []
    for gap in committed["gaps"]:
        metric = gap["metric"].replace("_", " ")
        texts.append(
            f"{metric} {percent(gap['mean'])} against {percent(gap['mean_other'])}, {points(gap)}"
        )
    return (
        f"A longer run (`params/seeds.yaml`, committed results) trained both "
        f"{committed['trainings']} times: {name} against {other}, on test and on average: "
        f"{'; '.join(texts)}. These intervals cover users and trainings."
    )


def methods_sentence(valid, test):
    """Which method against unbalanced groups is best on valid, and how it does on test.

    Parameters
    ----------
    valid, test : pandas.DataFrame
        `evaluation.average_seeds` of each split.
    """
    texts = []
    for metric in ("accuracy", "balanced accuracy"):
        best = valid[metric].drop(CONSTANT, errors="ignore").idxmax()
        row = test.loc[best]
        texts.append(f"for {metric} *{best}* ({percent(row[metric])} on test)")
    worst, plain = (
        percent(test.loc[name, "balanced accuracy"])
        for name in ("count / total (published)", "none")
    )
    return (
        f"Best on valid is {' and '.join(texts)}. On test, count / total gives a balanced accuracy "
        f"of {worst}, no weights {plain}. The table of test is exploratory: nothing is chosen on "
        "it."
    )


def dial_sentence(scores, undialled, label):
    """What the points of the dial, chosen on valid, do on test beside the dial at 0.

    Parameters
    ----------
    scores : pandas.DataFrame
        `evaluation.score_models` of the points of several models (`prior_dial.at_points`).
    undialled : pandas.DataFrame
        The same of the models as they are.
    label : str
        The model to speak of.
    """
    texts = []
    for aim, metric in (("accuracy", "accuracy"), ("balanced accuracy", "balanced_accuracy")):
        start = f"{label}: best {aim} on"
        name = next(name for name in scores["model"].unique() if name.startswith(start))
        dialled = pick(scores, model=name, metric=metric)
        plain = pick(undialled, model=label, metric=metric)
        word = "gains" if dialled.value > plain.value else "loses"
        if abs(dialled.value - plain.value) < 5e-4:
            word = "changes"
        change = 100 * abs(dialled.value - plain.value)
        texts.append(f"the point of the best {aim} on valid {word} {change:.1f} points of {aim}")
    return f"{label}, on test and beside the dial at 0: {'; '.join(texts)}."


def learning_sentence(curves):
    """What doubling the train users from half to all still brings on valid, model by model.

    Parameters
    ----------
    curves : pandas.DataFrame
        `learning_curve.learning_curve` of one or several models.
    """
    texts = []
    for model in curves["model"].unique():
        loss = curves[(curves["model"] == model) & (curves["metric"] == "log_loss")]
        loss = loss[loss["split"] == "valid"].sort_values("share")
        half, everyone = loss.iloc[-2], loss.iloc[-1]
        texts.append(
            f"{model}, from {half.value:.3f} to {everyone.value:.3f} nats ({everyone.constant:.3f} "
            "without features)"
        )
    return (
        f"Valid log-loss when the {half.users:,} train users become {everyone.users:,}: "
        f"{'; '.join(texts)}. Where it still falls, more people would teach more."
    )


def head_text(record):
    """What `part_heads.train_on_parts` did: clips, what is left out, epochs, scores on valid."""
    best = record["best_epoch"]
    counts = ", ".join(f"{n:,} {split}" for split, n in record["clips"].items())
    left_out = ", ".join(f"{n:,} {why}" for why, n in record["left_out"].items())
    loss, right = (record["history"][f"valid_{name}"][best - 1] for name in ("loss", "accuracy"))
    return (
        f"Linear head on {record['modality']}, {record['recipe']} ({record['data']}), by "
        f"{record['processes']} processes: {counts} clips; left out: {left_out}.\n"
        f"Epoch {best} of {record['epochs']} is best: on valid, log-loss {loss:.3f}, accuracy "
        f"{percent(right)}; {record['seconds']:.1f} s."
    )
