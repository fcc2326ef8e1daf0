"""Which parts of a face an answer rests on (task b)."""

import numpy as np
import torch
from captum.attr import Occlusion

from mmage_utils.predictions import softmax


def occlusion_maps(model, dataset, answers, *, share=0.2):
    """Cover each face patch by patch and see how the probability of its answer falls.

    Occlusion needs neither gradients nor large feature maps, which a small face does not leave.
    It shows what this network looks at, not what age looks like.

    Parameters
    ----------
    model : torch.nn.Module
        A face classifier.
    dataset : faces.FaceDataset
        The faces.
    answers : sequence of int
        Age group 1..7 of each face whose probability is watched.
    share : float
        Side of the patch as a share of the side of the face; it moves by half of it.

    Returns
    -------
    numpy.ndarray, shape (n, H, W)
        Mean loss of probability where a place was covered with grey: positive speaks for the
        answer.
    """
    device = next(model.parameters()).device
    (images, copies), _ = dataset.__getitems__(list(range(len(dataset))))
    x = dataset.prepare((images.to(device), copies))
    side = max(2, round(share * x.shape[-1]))

    def answer_of(batch):
        return torch.as_tensor(softmax(model(batch).cpu().numpy()))

    with torch.inference_mode():
        loss = Occlusion(answer_of).attribute(
            x,
            sliding_window_shapes=(3, side, side),
            strides=(3, max(1, side // 2), max(1, side // 2)),
            target=torch.as_tensor(np.asarray(answers) - 1),
            baselines=0.0,
            perturbations_per_eval=4,
        )
    return loss.mean(1).cpu().numpy()
