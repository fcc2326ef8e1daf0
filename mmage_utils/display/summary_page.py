"""Everything the summary page shows, gathered from the results and checkpoints of a run."""

from mmage_utils import runs
from mmage_utils.data.recordings import SAMPLE_RATE
from mmage_utils.display import published
from mmage_utils.models import recipes
from mmage_utils.models.networks import describe_weights

MODALITIES = ("image", "audio", "text")


def gather(run):
    """What `plots.plot_summary` draws.

    Parameters
    ----------
    run : runs.Run
        A run whose notebooks 01 to 08 have been executed.
    Returns
    -------
    dict
        test: clips and users of the test split and the accuracy there of the constant predictor
        and of the ideal observer of all three (None where there is none). networks: by modality,
        the widths of its linear layers and the number of its weights, read from the checkpoint,
        and what comes before. rule: how the corrected fusion decides. models: accuracy on train,
        valid and test with that of the modality's ideal observer; fusions: test accuracy.
        verdicts: of each modality. train_strategy: images per age group and kind of copy.
        test_strategy: test accuracy before and after, and the paired gain.

    Raises
    ------
    DataError
        When a notebook has not been executed; the message names it.
    """
    face = runs.load_results(run, "b_baseline", "02_image_classifier")
    strategy = runs.load_results(run, "c_strategy", "03_train_strategy")
    units = runs.load_results(run, "d_aggregation", "04_test_strategy")
    words = runs.load_results(run, "f_words", "06_text_features")
    late = runs.load_results(run, "g_fusion", "07_multimodal_fusion")
    ablation = runs.load_results(run, "h_ablation", "08_ablation")

    ceilings = {name: one and one["accuracy"]["value"] for name, one in late["ceilings"].items()}
    accuracy = ablation["chosen_score"]["accuracy"]
    fusions = {name: ablation["scores"][name]["test"]["accuracy"] for name in published.FUSION}
    chosen = ablation["chosen"]
    fusions[f"corrected, {chosen['rule']}"] = accuracy
    notebooks = ("02_image_classifier", "07_multimodal_fusion", "07_multimodal_fusion")
    networks = {
        name: describe_weights(recipes.load_weights(run, f"{name}_corrected", notebook=notebook))
        for name, notebook in zip(MODALITIES, notebooks, strict=True)
    }
    networks["image"] |= {"input": f"{face['corrected_size']} px"}
    networks["audio"] |= {"input": f"{SAMPLE_RATE / 1000:.0f} kHz, denoised"}
    networks["text"] |= {"input": f"{words['model']['name']}, {words['model']['layers']} layers"}
    scores = strategy["scores"]
    return {
        "test": {
            "clips": ablation["chosen_score"]["n_clips"],
            "users": ablation["chosen_score"]["n_users"],
            "constant": accuracy["constant"],
            "ceiling": ceilings["fusion"],
        },
        "networks": networks,
        "rule": {
            "name": chosen["rule"],
            "temperatures": chosen["temperatures"],
            "weights": chosen["weights"][" + ".join(MODALITIES)],
        },
        "models": {
            name: {split: one[split]["accuracy"] for split in ("train", "valid", "test")}
            | {"ceiling": ceilings[name.split(",")[0]]}
            for name, one in late["scores"].items()
        },
        "fusions": fusions,
        "verdicts": ablation["verdicts"],
        "train_strategy": {
            "copies": strategy["copies"],
            "before": scores["baseline"]["test"]["accuracy"],
            "after": scores["strategy"]["test"]["accuracy"],
            "gain": strategy["gaps"]["strategy, accuracy"],
        },
        "test_strategy": {
            "before": units["scores"]["clip"]["each clip"]["accuracy"],
            "after": units["scores"]["clip"]["clips added up"]["accuracy"],
            "gain": units["gain_per_clip"],
        },
    }
