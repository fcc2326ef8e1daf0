"""Diagrams of networks, of the fusion and of the way from a recording to its features."""

from mmage_utils.display.plots import marks
from mmage_utils.display.plots.style import ACCENT, BLUE, GREY, MODEL_COLOURS


def _chain(ax, texts, colours, *, columns, **style):
    """Boxes from left to right, row below row, with arrows from each to the next."""
    rows = -(-len(texts) // columns)
    width, height = 0.84 / columns, 0.62 / rows
    step_x, step_y = 1 / columns, 1 / rows
    for k, (text, colour) in enumerate(zip(texts, colours, strict=True)):
        x = (k % columns) * step_x + (step_x - width) / 2
        y = 1 - (k // columns + 0.5) * step_y - height / 2
        marks.draw_box(ax, (x, y, width, height), text, colour, **style)
        if k == 0:
            continue
        if k % columns:
            start, end = (x - step_x + width, y + height / 2), (x, y + height / 2)
            marks.draw_arrow(ax, start, end)
        else:  # from the end of a row to the beginning of the next
            last = (columns - 1) * step_x + (step_x - width) / 2 + width / 2
            start, end = (last, y + step_y), (x + width / 2, y + height)
            marks.draw_arrow(ax, start, end, connectionstyle="arc3,rad=0")


def plot_face_network(stages, *, used="none", ax=None):
    """The face network, stage by stage, with the layer that is new.

    Parameters
    ----------
    stages : list of dict
        `architecture.describe_face_network`.
    used : str
        The pretrained weights that were loaded (`networks.face_classifier`).
    """
    ax = marks.diagram_axes(ax, (12, 3.6))
    texts = []
    for stage in stages:
        size = " x ".join(map(str, stage["output"]))
        weights = f"\n{stage['weights']:,} weights" if stage["weights"] else ""
        texts.append(f"{stage['name']}\n{size}{weights}")
    colours = [ACCENT if stage["new"] else BLUE for stage in stages]
    _chain(ax, texts, colours, columns=5)
    total = sum(stage["weights"] for stage in stages)
    loaded = "random weights" if used == "none" else f"from {used.split(' (')[0]}"
    ax.plot([], [], color=BLUE, lw=2, label=f"InceptionResnetV1, {loaded}")
    ax.plot([], [], color=ACCENT, lw=2, label="new: seven age groups")
    title = f"Face network: {total:,} weights; sizes are channels x height x width"
    ax.set_title(title, pad=18)
    ax.legend(loc="lower right", bbox_to_anchor=(1, 0.96), ncols=2, fontsize="small")
    return ax


def plot_text_head(layers, *, model="", ax=None):
    """The head on the text embedding, layer by layer.

    Parameters
    ----------
    layers : list of dict
        `architecture.describe_head`.
    model : str
        Name of the frozen text model.
    """
    ax = marks.diagram_axes(ax, (12, 1.9))
    texts = [f"transcript\nfrozen {model or 'text model'}\nmean over the words"]
    for layer in layers:
        weights = f"\n{layer['weights']:,} weights" if layer["weights"] else ""
        texts.append(f"{layer['name']}\n{layer['width']} wide{weights}")
    colours = [GREY, GREY, *[MODEL_COLOURS["text"]] * (len(layers) - 1)]
    _chain(ax, texts, colours, columns=len(texts))
    ax.set_title("Text network: grey is frozen, green is trained")
    return ax


def plot_fusion_scheme(weights, *, title="", ax=None):
    """The report's late fusion: weighted logits are added, then softmax and argmax.

    Parameters
    ----------
    weights : dict of str to sequence of float
        Name of a choice to its weights of image, audio and text
        (`late_fusion.PUBLISHED_WEIGHTS`).
    title : str
    """
    ax = marks.diagram_axes(ax, (12, 3.6))
    inputs = {"image": "face crop", "audio": "voice, 7 features", "text": "transcript,\nembedding"}
    for k, (name, source) in enumerate(inputs.items()):
        y, colour = 0.83 - 0.33 * k, MODEL_COLOURS[name]
        marks.draw_box(ax, (0.0, y - 0.1, 0.15, 0.2), source, colour)
        marks.draw_box(ax, (0.19, y - 0.1, 0.15, 0.2), f"{name} model\ntrained alone", colour)
        marks.draw_arrow(ax, (0.15, y), (0.19, y))
        marks.draw_arrow(ax, (0.34, y), (0.545, 0.5 + 0.1 * (1 - k)))
        own = ", ".join(f"{choice[k]:g}" for choice in weights.values())
        place = (0.435, y + (0.5 + 0.1 * (1 - k) - y) * 0.46)
        style = {"ha": "center", "va": "center", "fontsize": 8.5, "bbox": marks.PLAIN}
        ax.text(*place, f"7 logits, times\n{own}", **style)
    marks.draw_box(ax, (0.545, 0.33, 0.12, 0.34), "add the\nlogits", MODEL_COLOURS["fusion"])
    marks.draw_box(ax, (0.71, 0.33, 0.12, 0.34), "softmax", MODEL_COLOURS["fusion"])
    text = "argmax:\none of seven\nage groups"
    marks.draw_box(ax, (0.875, 0.33, 0.125, 0.34), text, MODEL_COLOURS["fusion"])
    marks.draw_arrow(ax, (0.665, 0.5), (0.71, 0.5))
    marks.draw_arrow(ax, (0.83, 0.5), (0.875, 0.5))
    names = ", ".join(name.removeprefix("fusion, published ") for name in weights)
    ax.text(0.545, 0.06, f"weights of: {names}", fontsize=8.5, va="center")
    ax.set_title(title or "Late fusion, published")
    return ax


def plot_pipeline(*, ax=None):
    """The way from a recording to its seven features, by either recipe."""
    ax = marks.diagram_axes(ax, (12, 2.6))
    boxes = {
        "recording": ((0.0, 0.5), 0.12, "recording\n16-bit, mono"),
        "resample": ((0.17, 0.5), 0.12, "resample\nto 8 kHz"),
        "denoise": ((0.4, 0.78), 0.14, "denoise\nspectral gate"),
        "onsets": ((0.62, 0.78), 0.14, "onset envelope"),
        "pitch": ((0.62, 0.2), 0.14, "f0 track\nvoiced frames"),
        "rate": ((0.83, 0.78), 0.17, "words/s\ntempo"),
        "f0": ((0.83, 0.2), 0.17, "mean, median, std\n5th, 95th percentile"),
    }
    height = 0.32
    for (x, y), width, text in boxes.values():
        marks.draw_box(ax, (x, y - height / 2, width, height), text, BLUE)
    pairs = {
        "recording-resample": {},
        "resample-denoise": {},
        "denoise-onsets": {},
        "onsets-rate": {},
        "pitch-f0": {},
        "denoise-pitch": {"color": ACCENT},
        "resample-pitch": {"color": BLUE, "ls": "--"},
    }
    for pair, style in pairs.items():
        first, second = pair.split("-")
        (x, y), width, _ = boxes[first]
        marks.draw_arrow(ax, (x + width, y), boxes[second][0], **style)
    ax.plot([], [], color=ACCENT, label="published: f0 of the denoised voice")
    ax.plot([], [], color=BLUE, ls="--", label="fast, used here: f0 of the recording itself")
    ax.legend(loc="lower left", fontsize="small", bbox_to_anchor=(0, -0.08))
    return ax
