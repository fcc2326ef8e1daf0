"""Everything the summary page shows, gathered from the results and checkpoints of a run."""

import pandas as pd

from mmage_utils.data.recordings import SAMPLE_RATE
from mmage_utils.display import published
from mmage_utils.models import recipes
from mmage_utils.models.networks import describe_weights
from mmage_utils.runs import load_results
from mmage_utils.scores.evaluation import pick, select

NOTEBOOK_OF = {  # the notebook that trains each corrected model
    "image": "02_image_classifier",
    "audio": "07_multimodal_fusion",
    "text": "07_multimodal_fusion",
}


def gather(run):
    """What `plots.plot_summary` draws.

    Parameters
    ----------
    run : runs.Run
        A run whose notebooks 01 to 08 have been executed.

    Returns
    -------
    dict
        networks: by modality, the widths of its linear layers and the number of its weights, read
        from the checkpoint, and what comes before. rule: how the corrected fusion decides.
        scores: accuracy of the models on train, valid and test; fusions: test accuracy of the
        published fusions and, last, of the corrected one; both as `evaluation.score_models`.
        ceilings: test accuracy of the ideal observer of each modality and of ``fusion``, empty for
        real data. verdicts: `verdicts.judge_modalities`. train_strategy and test_strategy: the
        rows of test accuracy before and after, and the paired gain; copies: images per age group
        and kind of copy.

    Raises
    ------
    DataError
        When a notebook has not been executed; the message names it.
    """
    face = load_results(run, "b_baseline", "02_image_classifier")
    strategy = load_results(run, "c_strategy", "03_train_strategy")
    units = load_results(run, "d_aggregation", "04_test_strategy")
    words = load_results(run, "f_words", "06_text_features")
    late = load_results(run, "g_fusion", "07_multimodal_fusion")
    ablation = load_results(run, "h_ablation", "08_ablation")

    chosen = ablation["chosen"]
    networks = {
        name: describe_weights(recipes.load_weights(run, f"{name}_corrected", notebook=notebook))
        for name, notebook in NOTEBOOK_OF.items()
    }
    networks["image"] |= {"input": f"{face['corrected_size']} px"}
    networks["audio"] |= {"input": f"{SAMPLE_RATE / 1000:.0f} kHz, denoised"}
    networks["text"] |= {"input": f"{words['model']['name']}, {words['model']['layers']} layers"}
    test = {"metric": "accuracy", "split": "test"}
    fusions = select(pd.DataFrame(ablation["scores"]), **test).set_index("model")
    fusions = fusions.loc[list(published.FUSION)].reset_index()
    corrected = select(pd.DataFrame(ablation["chosen_score"]), **test)
    corrected = corrected.assign(model=f"corrected, {chosen['rule']}")
    gaps = pd.DataFrame(strategy["gaps"])
    before, after = (pd.DataFrame(record["scores"]) for record in (strategy, units))
    return {
        "networks": networks,
        "rule": {
            "name": chosen["rule"],
            "temperatures": chosen["temperatures"],
            "weights": chosen["weights"][" + ".join(NOTEBOOK_OF)],
        },
        "scores": select(pd.DataFrame(late["scores"]), metric="accuracy"),
        "fusions": pd.concat([fusions, corrected], ignore_index=True),
        "ceilings": {
            row["model"]: row["value"]
            for row in late["ceilings"] or []
            if row["metric"] == "accuracy"
        },
        "verdicts": pd.DataFrame(ablation["verdicts"]),
        "train_strategy": {
            "before": pick(before, model="baseline"),
            "after": pick(before, model="strategy"),
            "gain": pick(gaps, model="strategy"),
        },
        "copies": strategy["copies"],
        "test_strategy": {
            "before": pick(after, model="each clip"),
            "after": pick(after, model="clips added up"),
            "gain": units["gain_per_clip"],
        },
    }
