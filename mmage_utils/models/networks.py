"""The networks: face classifier, acoustic MLP, text head, and heads on frozen embeddings."""

from copy import deepcopy
from itertools import pairwise
from pathlib import Path
from textwrap import shorten

import torch
from torch import nn

from mmage_utils.data.labels import N_GROUPS
from mmage_utils.errors import DataError
from mmage_utils.files import ROOT, file_sha256
from mmage_utils.models.device import small_as_products

# facenet-pytorch (MIT) names its VGGFace2 checkpoint so in the torch cache.
VGGFACE2_FILE = "20180402-114759-vggface2.pt"
WEIGHTS_LICENCES = {"vggface2": "MIT; its photographs are for research"}


def face_classifier(weights="none"):
    """InceptionResnetV1 with a new head for the seven age groups (tasks b and c).

    Parameters
    ----------
    weights : str
        ``"none"`` for random weights, ``"vggface2"`` for the file in the torch cache, else its
        download, or the path of a checkpoint of the same network; a relative one counts from the
        repository.

    Returns
    -------
    model : torch.nn.Module
        From images of shape (B, 3, H, W), H and W at least 80 pixels, to logits (B, 7).
    used : str
        What was loaded, for results and figures: ``none`` or name and SHA-256 of the file.

    Raises
    ------
    DataError
        When the file is missing, unreadable or of another network, or cannot be downloaded.
    """
    from facenet_pytorch import InceptionResnetV1

    model = small_as_products(InceptionResnetV1(classify=True, num_classes=N_GROUPS))
    if weights == "none":
        return model, "none"
    path = _vggface2_file() if weights == "vggface2" else ROOT / weights
    return model, _load_weights(model, path)


def backbone(model):
    """A copy of a face classifier without its head.

    Returns
    -------
    torch.nn.Module
        From images of shape (B, 3, H, W) to embeddings (B, 512), before the last layer.
    """
    bare = deepcopy(model)
    bare.logits = nn.Identity()
    return bare.eval()


def linear_head(width=512):
    """One linear layer on a frozen embedding: embeddings (B, width) to logits (B, 7)."""
    return nn.Linear(width, N_GROUPS)


def ordinal_head(width=512):
    """A head that asks, group by group, whether the speaker is older.

    The six conditional probabilities P(older than k | at least k) of CORN (Shi, Cao & Raschka
    2023, Pattern Anal. Appl. 26), multiplied out; cross-entropy on them is CORN's loss.

    Returns
    -------
    torch.nn.Module
        From embeddings of shape (B, width) to log-probabilities (B, 7).
    """
    return nn.Sequential(nn.Linear(width, N_GROUPS - 1), _Chain())


class _Chain(nn.Module):
    def forward(self, older):
        yes, no = nn.functional.logsigmoid(older), nn.functional.logsigmoid(-older)
        yes, no = nn.functional.pad(yes.cumsum(1), (1, 0)), nn.functional.pad(no, (0, 1))
        return yes + no


def describe_weights(state):
    """The architecture, read from the weights of a checkpoint.

    Parameters
    ----------
    state : dict of str to torch.Tensor
        As a network's ``state_dict()`` gives it.

    Returns
    -------
    dict
        widths of the linear layers, from the first's input to the logits; parameters, the number
        of trained weights.
    """
    trained = {
        name: tensor
        for name, tensor in state.items()
        if not name.endswith(("running_mean", "running_var", "num_batches_tracked"))
    }
    linear = [tensor.shape for tensor in trained.values() if tensor.ndim == 2]
    widths = [linear[0][1], *(shape[0] for shape in linear)] if linear else []
    return {"widths": widths, "parameters": sum(tensor.numel() for tensor in trained.values())}


def _vggface2_file():
    hub = Path(torch.hub.get_dir())
    places = [folder / "checkpoints" / VGGFACE2_FILE for folder in (hub, hub.parent)]
    for place in places:
        if place.is_file():
            return place
    url = f"https://github.com/timesler/facenet-pytorch/releases/download/v2.2.9/{VGGFACE2_FILE}"
    places[0].parent.mkdir(parents=True, exist_ok=True)
    try:
        torch.hub.download_url_to_file(url, str(places[0]), progress=False)
    except OSError as error:
        raise DataError(
            f"The VGGFace2 weights are in neither {places[0]} nor {places[1]}, and {url} cannot be "
            f"downloaded ({error}): put the file {VGGFACE2_FILE} into the first of these folders, "
            'or set FACE_WEIGHTS to its path or to "none".'
        ) from None
    return places[0]


def _load_weights(model, path):
    if not path.is_file():
        raise DataError(
            f"The face weights {path} do not exist: check FACE_WEIGHTS, which is none, vggface2 or "
            "a file with weights of InceptionResnetV1. Packaged networks, such as dlib and "
            "dlib-age, are named in FACE_NETWORK."
        )
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
        # The head of the checkpoint tells 8,631 people apart; ours seven age groups.
        head = {f"logits.{name}": tensor for name, tensor in model.logits.state_dict().items()}
        model.load_state_dict({**state, **head})
    except Exception as error:  # torch.load raises many kinds for a truncated or foreign file
        reason = shorten(str(error) or type(error).__name__, 160)
        raise DataError(
            f"{path} does not hold weights of InceptionResnetV1, or was cut short: {reason}. "
            "Delete it and fetch it again, or set FACE_WEIGHTS to another file."
        ) from None
    return f"{path.name} (SHA-256 {file_sha256(path)})"


def acoustic_mlp(n_features=7, dropout=0.4):
    """The report's audio network 7-16-32-16-7: batch norm, ReLU and dropout between layers.

    Returns
    -------
    torch.nn.Module
        From features of shape (B, 7) to logits (B, 7).
    """
    widths = (n_features, 16, 32, 16)
    layers = []
    for n_in, n_out in pairwise(widths):
        layers += [nn.Linear(n_in, n_out), nn.BatchNorm1d(n_out), nn.ReLU(), nn.Dropout(dropout)]
    return nn.Sequential(*layers, nn.Linear(widths[-1], N_GROUPS))


def text_head(width=768, hidden=512):
    """The report's text network on a frozen embedding: Linear, ReLU, Linear.

    Returns
    -------
    torch.nn.Module
        From embeddings of shape (B, width) to logits (B, 7).
    """
    return nn.Sequential(nn.Linear(width, hidden), nn.ReLU(), nn.Linear(hidden, N_GROUPS))
