"""What the summary page shows, from the results and checkpoints of a run."""

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

NETWORK_OF = {
    "image": "image, corrected fine-tuned",
    "audio": "audio, corrected network",
    "text": "text, corrected network",
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
        networks: by modality, `networks.describe_weights` of its checkpoint, the input, and the
        route that valid chose.
        rule: how the corrected fusion decides. scores, fusions: `evaluation.score_models` of the
        models, and on test of the published fusions and, last, of the corrected one. ceilings:
        test accuracy of the ideal observer of each modality and of ``fusion``, empty for real
        data. verdicts: `verdicts.judge_modalities`. train_strategy, test_strategy: test accuracy
        before and after, and the paired gain. copies: images per age group and kind of copy.

    Raises
    ------
    DataError
        When a notebook, which the message names, has not been executed.
    """
    face = load_results(run, "b_baseline", "02_image_classifier")
    strategy = load_results(run, "c_strategy", "03_train_strategy")
    units = load_results(run, "d_aggregation", "04_test_strategy")
    words = load_results(run, "f_words", "06_text_features")
    late = load_results(run, "g_fusion", "07_multimodal_fusion")
    ablation = load_results(run, "h_ablation", "08_ablation")

    chosen = ablation["chosen"]
    networks = {
        name: describe_weights(recipes.load_weights(run, NETWORK_OF[name], notebook=notebook))
        for name, notebook in NOTEBOOK_OF.items()
    }
    networks["image"] |= {"input": f"{face['corrected_size']} px"}
    networks["audio"] |= {"input": f"{SAMPLE_RATE / 1000:.0f} kHz, denoised"}
    networks["text"] |= {"input": f"{words['model']['name']}, {words['model']['layers']} layers"}
    routes = {"image": face["routes"]}
    routes |= {name: late["routes"][f"{name}, corrected"] for name in ("audio", "text")}
    for name, candidates in routes.items():
        networks[name]["route"] = pick(pd.DataFrame(candidates), chosen=True)["route"]
    scores = pd.DataFrame(ablation["scores"])
    fusions = [pick(scores, model=name) for name in published.FUSION]
    corrected = pick(pd.DataFrame(ablation["chosen_score"])).copy()
    corrected["model"] = f"fusion, corrected: {chosen['rule']}"
    trained, aggregated = (pd.DataFrame(record["scores"]) for record in (strategy, units))
    return {
        "networks": networks,
        "rule": {
            "name": chosen["rule"],
            "temperatures": chosen["temperatures"],
            "weights": chosen["weights"][" + ".join(NOTEBOOK_OF)],
        },
        "scores": select(pd.DataFrame(late["scores"]), metric="accuracy"),
        "fusions": pd.DataFrame([*fusions, corrected]),
        "ceilings": {
            row["model"]: row["value"]
            for row in late["ceilings"] or []
            if row["metric"] == "accuracy"
        },
        "verdicts": pd.DataFrame(ablation["verdicts"]),
        "train_strategy": {
            "before": pick(trained, model="image, published baseline"),
            "after": pick(trained, model="image, published strategy"),
            "gain": pick(pd.DataFrame(strategy["gaps"]), model="image, published strategy"),
        },
        "copies": strategy["copies"],
        "test_strategy": {
            "before": pick(aggregated, model="image, published baseline: each clip"),
            "after": pick(aggregated, model="image, published baseline: clips added up"),
            "gain": units["gains_per_clip"]["image, published baseline"],
        },
    }
