"""Every figure of the report, in the style of `use_style`.

A function ``plot_x(data, *, ax=None)`` draws on the axes given, or on those of a new figure, and
returns the Axes, or an array of the Axes, that it drew; `runs.save_figure` saves that.
"""

from mmage_utils.display.plots.answers import plot_face_map, plot_probabilities, plot_voice
from mmage_utils.display.plots.diagrams import (
    plot_face_network,
    plot_fusion_scheme,
    plot_pipeline,
    plot_text_head,
)
from mmage_utils.display.plots.errata import plot_loss_shares, plot_report_errors
from mmage_utils.display.plots.faces import (
    plot_age_examples,
    plot_answers,
    plot_augmentations,
    plot_faces,
    plot_maps,
)
from mmage_utils.display.plots.fusion import (
    plot_ablation,
    plot_missing,
    plot_reliability,
    plot_reliability_panels,
    plot_risk_coverage,
    plot_shapley,
    plot_verdicts,
)
from mmage_utils.display.plots.learning import plot_learning_curve
from mmage_utils.display.plots.scores import (
    plot_accuracy_bars,
    plot_accuracy_panels,
    plot_age_distribution,
    plot_confusion,
    plot_curves,
    plot_frontier,
    plot_groups_and_answers,
    plot_intervals,
)
from mmage_utils.display.plots.statistics import (
    plot_augmented,
    plot_counts,
    plot_grouped_counts,
    plot_label_panels,
)
from mmage_utils.display.plots.style import use_style
from mmage_utils.display.plots.summary import plot_summary
from mmage_utils.display.plots.texts import plot_text_map
from mmage_utils.display.plots.voices import (
    plot_denoised,
    plot_f0,
    plot_feature_distributions,
    plot_onsets,
    plot_raw_and_scaled,
    plot_strength,
    plot_trimmed,
    plot_waveform,
)
