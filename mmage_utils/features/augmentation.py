"""Augmentation of whole batches of 8-bit faces, on the device that holds them (tasks b and c).

The report transforms image by image. Here each image of a batch still has its own operation and
strength, and a batch costs a handful of tensor operations. Randomness comes from torch's global
generator on the CPU, so that a seed gives the same faces on every device.
"""

import torch
from torch.nn import functional as F

COPIES = ("none", "original", "flip", "mixed", "light")
BINS = 31  # strengths of TrivialAugmentWide
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


def augment(images, copies):
    """Transform a batch of faces, each as its copy asks.

    Parameters
    ----------
    images : torch.Tensor of uint8, shape (B, 3, H, W)
    copies : sequence of int, length B
        Position in `COPIES` of what each image becomes: ``none``, itself; ``original``,
        TrivialAugmentWide; ``flip``, the same and flipped; ``mixed``, the same and the report's
        random flip, rotation within 12 degrees, brightness .1 and hue .005; ``light``, a flip,
        a turn within 6 degrees, a small shift, zoom and change of brightness.

    Returns
    -------
    torch.Tensor of uint8, same shape
        A new tensor.
    """
    copies = torch.as_tensor(copies).cpu()
    out = images.clone()
    for name, change in (
        ("original", _trivial),
        ("flip", _flip),
        ("mixed", _mix),
        ("light", _nudge),
    ):
        rows = torch.nonzero(copies == COPIES.index(name))[:, 0]
        if len(rows):
            rows = rows.to(images.device)
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
        name = OPERATIONS[position]
        if name == "identity":
            continue
        rows = torch.nonzero(operations == position)[:, 0]
        strength, sign = strengths[rows], signs[rows]
        chosen = out[rows.to(images.device)]
        out[rows.to(images.device)] = _operation(name, chosen, strength, sign)
    return out


def _operation(name, x, strength, sign):
    from torchvision.transforms.v2 import functional as v2

    if name in GEOMETRIC:
        return _warp(x, **{name: sign * strength * STRONGEST[name]})
    if name == "autocontrast":
        return v2.autocontrast(x)
    if name == "equalize":
        return v2.equalize(x)
    if name == "posterize":
        cut = _per_image(torch.round(strength * 6), x).to(torch.uint8)
        return (x >> cut) << cut
    if name == "solarize":
        return torch.where(x >= _per_image(255 - 255 * strength, x), 255 - x, x)
    return _blend(x, _poor(name, x.float()), 1 + sign * strength * STRONGEST[name])


def _poor(name, x):
    """The image that a blend moves away from: black, blurred, grey or flat."""
    if name == "brightness":
        return torch.zeros_like(x)
    if name == "sharpness":
        kernel = torch.ones(3, 3, device=x.device)
        kernel[1, 1] = 5
        blurred = x.clone()
        kernel = (kernel / 13).expand(3, 1, 3, 3)
        blurred[:, :, 1:-1, 1:-1] = F.conv2d(x, kernel, groups=3).round()
        return blurred
    weights = torch.tensor(GREY, device=x.device).view(1, 3, 1, 1)
    grey = (x * weights).sum(1, keepdim=True).floor()
    return grey if name == "color" else grey.mean((1, 2, 3), keepdim=True)


def _blend(x, poor, factor):
    factor = _per_image(factor, x)
    return (factor * x.float() + (1 - factor) * poor).clamp(0, 255).to(torch.uint8)


def _warp(
    x,
    *,
    rotate=0.0,
    shear_x=0.0,
    shear_y=0.0,
    translate_x=0.0,
    translate_y=0.0,
    zoom=1.0,
    mirror=False,
    soft=False,
):
    """Move, turn, shear, zoom and mirror square images; degrees, and shares of the side.

    Black comes in from outside, as in torchvision; a soft warp interpolates and repeats the edge.
    """
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
    strengths = torch.randint(BINS, (n,)) / (BINS - 1)
    return trivial_augment(images, operations, strengths, torch.randint(2, (n,)) * 2.0 - 1)


def _flip(images):
    return _trivial(images).flip(-1)


def _mix(images):
    from torchvision.transforms import v2

    n = len(images)
    out = _warp(_trivial(images), rotate=_uniform(n, 12), mirror=torch.rand(n) < 0.5)
    jitter = v2.ColorJitter(brightness=0.1, hue=0.005)
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


def _uniform(n, limit):
    return (2 * torch.rand(n) - 1) * limit


def _per_image(values, images):
    return values.to(images.device).view(-1, 1, 1, 1)
