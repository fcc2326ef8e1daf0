"""Augmentation of whole batches of 8-bit faces, on the device that holds them (tasks b and c).

The report transforms image by image. Here each image of a batch still has its own operation and
strength, and a batch costs a handful of tensor operations. Randomness comes from torch's global
generator on the CPU, so that a seed gives the same faces on every device.
"""

import torch
from torch.nn import functional as F

KINDS = ("none", "original", "flip", "mixed", "light", "flip alone", "mixed alone")
STRENGTHS = 31  # steps from nothing to the strongest, as in TrivialAugmentWide
GEOMETRIC = ("shear_x", "shear_y", "translate_x", "translate_y", "rotate")
COLOUR = ("brightness", "color", "contrast", "sharpness", "posterize", "solarize")
OPERATIONS = ("identity", *GEOMETRIC, *COLOUR, "autocontrast", "equalize")
# Strongest value of each operation (Mueller & Hutter 2021, the wide space); a translation is 32
# pixels of a face of 224, and the same share of a smaller one.
STRONGEST = {
    **dict.fromkeys(("shear_x", "shear_y"), 0.99),
    **dict.fromkeys(("translate_x", "translate_y"), 32 / 224),
    "rotate": 135.0,
    **dict.fromkeys(("brightness", "color", "contrast", "sharpness"), 0.99),
}
GREY = (0.2989, 0.587, 0.114)  # share of red, green and blue, as torchvision weighs them


def augment(images, kinds):
    """Transform a batch of faces, each in its own way.

    Parameters
    ----------
    images : torch.Tensor of uint8, shape (B, 3, H, W)
    kinds : sequence of int, length B
        Position in `KINDS` of what each image becomes: ``none``, itself; ``original``,
        TrivialAugmentWide; ``flip``, the same and flipped; ``mixed``, the same and the report's
        random flip, rotation within 12 degrees, brightness .1 and hue .005; ``light``, a flip,
        a turn within 6 degrees, a small shift, zoom and change of brightness. The report's code
        has TrivialAugmentWide in both copies, its text has not: ``flip alone`` and ``mixed alone``
        are the copies of the text.

    Returns
    -------
    torch.Tensor of uint8, same shape
        A new tensor.
    """
    kinds = torch.as_tensor(kinds).cpu()
    out = images.clone()
    for number, change in enumerate((_trivial, _flip, _mix, _nudge, _flip_alone, _mix_alone), 1):
        rows = torch.nonzero(kinds == number)[:, 0].to(images.device)
        if len(rows):
            out[rows] = change(out[rows])
    return out


def trivial_augment(images, operations, strengths, signs):
    """One operation of TrivialAugmentWide for each image, at its own strength.

    Parameters
    ----------
    images : torch.Tensor of uint8, shape (B, 3, H, W)
    operations : torch.Tensor of int, shape (B,)
        Positions in `OPERATIONS`.
    strengths : torch.Tensor of float, shape (B,)
        0..1, the share of the strongest value.
    signs : torch.Tensor of float, shape (B,)
        -1 or 1; without meaning for operations that have none.

    Returns
    -------
    torch.Tensor of uint8, same shape
    """
    out = images.clone()
    for position in operations.unique().tolist():
        chosen = operations == position
        rows = torch.nonzero(chosen)[:, 0].to(images.device)
        out[rows] = _operation(OPERATIONS[position], out[rows], strengths[chosen], signs[chosen])
    return out


def _operation(name, x, strength, sign):
    if name == "identity":
        return x
    if name in GEOMETRIC:
        return _warp(x, **{name: sign * strength * STRONGEST[name]})
    if name == "autocontrast":
        return _torchvision().functional.autocontrast(x)
    if name == "equalize":
        return _torchvision().functional.equalize(x)
    if name == "posterize":
        cut = _per_image(torch.round(strength * 6), x).to(torch.uint8)
        return (x >> cut) << cut
    if name == "solarize":
        return torch.where(x >= _per_image(255 - 255 * strength, x), 255 - x, x)
    return _blend(x, _poor(name, x), 1 + sign * strength * STRONGEST[name])


def _poor(name, x):
    """The image that a blend moves away from: black, blurred, grey or flat."""
    if name == "brightness":
        return 0
    if name == "sharpness":
        return _torchvision().functional.adjust_sharpness(x, 0.0)
    weights = torch.tensor(GREY, device=x.device).view(1, 3, 1, 1)
    grey = (x * weights).sum(1, keepdim=True).floor()
    return grey if name == "color" else grey.mean((1, 2, 3), keepdim=True)


def _blend(x, poor, factor):
    factor = _per_image(factor, x)
    return (factor * x.float() + (1 - factor) * poor).clamp(0, 255).to(torch.uint8)


def _warp(x, *, rotate=0.0, zoom=1.0, mirror=False, soft=False, **shift):
    """Turn, zoom, mirror, shear and translate square images; degrees, and shares of the side.

    Black comes in from outside, as in torchvision; a soft warp interpolates and repeats the edge.
    """
    shear_x, shear_y, translate_x, translate_y = (shift.get(name, 0.0) for name in GEOMETRIC[:4])
    angle = torch.deg2rad(torch.as_tensor(rotate, dtype=torch.float32))
    cos, sin = torch.cos(angle) / zoom, torch.sin(angle) / zoom
    side = 1 - 2 * torch.as_tensor(mirror, dtype=torch.float32)
    # From places of the result to places of the source, in -1..1; shears keep the upper left.
    theta = torch.zeros(len(x), 2, 3)
    theta[:, 0, 0], theta[:, 0, 1] = side * cos, shear_x - sin
    theta[:, 1, 0], theta[:, 1, 1] = side * sin + shear_y, cos
    theta[:, 0, 2], theta[:, 1, 2] = 2 * translate_x + shear_x, 2 * translate_y + shear_y
    grid = F.affine_grid(theta.to(x.device), list(x.shape), align_corners=False)
    how = {"mode": "bilinear", "padding_mode": "border"} if soft else {"mode": "nearest"}
    moved = F.grid_sample(x.float(), grid, align_corners=False, **how)
    return moved.round().to(torch.uint8)


def _trivial(images):
    n = len(images)
    operations = torch.randint(len(OPERATIONS), (n,))
    strengths = torch.randint(STRENGTHS, (n,)) / (STRENGTHS - 1)
    return trivial_augment(images, operations, strengths, torch.randint(2, (n,)) * 2.0 - 1)


def _flip(images):
    return _flip_alone(_trivial(images))


def _flip_alone(images):
    return images.flip(-1)


def _mix(images):
    return _mix_alone(_trivial(images))


def _mix_alone(images):
    n = len(images)
    out = _warp(images, rotate=_uniform(n, 12), mirror=torch.rand(n) < 0.5)
    jitter = _torchvision().ColorJitter(brightness=0.1, hue=0.005)
    return torch.stack([jitter(image) for image in out])  # few: only copies of small groups


def _nudge(images):
    n = len(images)
    out = _warp(
        images,
        rotate=_uniform(n, 6),
        translate_x=_uniform(n, 0.03),
        translate_y=_uniform(n, 0.03),
        zoom=1 + _uniform(n, 0.08),
        mirror=torch.rand(n) < 0.5,
        soft=True,
    )
    return _blend(out, 0, 1 + _uniform(n, 0.15))


def _torchvision():
    from torchvision.transforms import v2  # takes seconds, and only what trains augments

    return v2


def _uniform(n, limit):
    return (2 * torch.rand(n) - 1) * limit


def _per_image(values, images):
    return values.to(images.device).view(-1, 1, 1, 1)
