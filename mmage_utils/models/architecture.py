"""What a network is made of, read from the module itself, for its diagram (tasks b and f)."""

import torch
from torch import nn

from mmage_utils.data.labels import N_GROUPS

# Children of InceptionResnetV1 from the first on, and the name of the stage that begins there.
STAGES = {
    "conv2d_1a": "stem: convolutions",
    "repeat_1": "{n} x Inception-ResNet A",
    "mixed_6a": "reduction A",
    "repeat_2": "{n} x Inception-ResNet B",
    "mixed_7a": "reduction B",
    "repeat_3": "{n} x Inception-ResNet C",
    "avgpool_1a": "mean over places, dropout",
    "last_linear": "linear, batch norm",
    "logits": "head: linear",
}


def describe_face_network(model, size):
    """The stages of a face classifier, what each puts out, and how many weights it has.

    Parameters
    ----------
    model : torch.nn.Module
        `networks.face_classifier`.
    size : int
        Side of the faces in pixels.

    Returns
    -------
    list of dict
        From input to logits: name, output (shape of one example), weights, new (whether the stage
        is not part of the pretrained network).
    """
    device, was_training = next(model.parameters()).device, model.training
    shapes, hooks, children = {}, [], dict(model.named_children())
    for name, child in children.items():

        def note(_module, _inputs, output, name=name):
            shapes[name] = tuple(output.shape[1:])

        hooks.append(child.register_forward_hook(note))
    model.eval()
    with torch.inference_mode():
        model(torch.zeros(1, 3, size, size, device=device))
    model.train(was_training)
    for hook in hooks:
        hook.remove()
    stages = [{"name": "face crop", "output": (3, size, size), "weights": 0, "new": False}]
    blocks = 0
    for name, child in children.items():
        if name in STAGES:
            blocks = 0
            stages.append({"title": STAGES[name], "weights": 0, "new": name == "logits"})
        blocks += len(child) if isinstance(child, nn.Sequential) else 1
        stages[-1]["name"] = stages[-1].get("title", "").format(n=blocks)
        stages[-1]["weights"] += sum(weights.numel() for weights in child.parameters())
        stages[-1]["output"] = shapes.get(name, stages[-2]["output"])
    return [{key: stage[key] for key in ("name", "output", "weights", "new")} for stage in stages]


def describe_head(model):
    """The layers of a head on a frozen embedding.

    Parameters
    ----------
    model : torch.nn.Sequential
        Such as `networks.text_head`.

    Returns
    -------
    list of dict
        From input to logits: name, width (of what the layer puts out), weights.
    """
    first = next(layer for layer in model if isinstance(layer, nn.Linear))
    layers = [{"name": "embedding", "width": first.in_features, "weights": 0}]
    for layer in model:
        width = getattr(layer, "out_features", layers[-1]["width"])
        weights = sum(part.numel() for part in layer.parameters())
        layers.append({"name": type(layer).__name__, "width": width, "weights": weights})
    if layers[-1]["width"] == N_GROUPS:
        layers[-1]["name"] += ", logits"
    return layers
