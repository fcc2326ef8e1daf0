"""Occlusion maps point at the part of a face that decides."""

import numpy as np
import torch
from torch import nn

from mmage_utils.features.faces import FaceDataset
from mmage_utils.features.occlusion import occlusion_maps


class _Corner(nn.Module):
    """Answers age group 5 the surer, the brighter the upper left corner is."""

    def __init__(self):
        super().__init__()
        self.gain = nn.Parameter(torch.tensor(3.0))

    def forward(self, x):
        logits = torch.zeros(len(x), 7)
        logits[:, 4] = self.gain * x[:, :, :8, :8].mean((1, 2, 3))
        return logits


def test_map_points_at_what_decides():
    faces = np.full((2, 3, 40, 40), 220, np.uint8)
    dataset = FaceDataset(faces, [0, 1], [5, 5], scaling="vggface2")
    for_it, against = occlusion_maps(_Corner().eval(), dataset, [5, 1])
    assert for_it.shape == (40, 40)
    assert for_it[:8, :8].min() > 0.01
    assert np.abs(for_it[20:, 20:]).max() < 1e-6
    assert against[:8, :8].max() < 0
