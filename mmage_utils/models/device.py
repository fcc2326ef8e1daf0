"""How the networks are computed: where, in which precision, and small convolutions as products."""

import torch
from torch import nn

from mmage_utils.data.provenance import keeps_float32


def find_device():
    """``cuda`` where there is a GPU, else ``cpu``."""
    return "cuda" if torch.cuda.is_available() else "cpu"


def has_bfloat16():
    """Whether to multiply in bfloat16: most GPUs since 2020 can, and some processors.

    Not where the user keeps to float32 (`provenance.keeps_float32`).
    """
    if keeps_float32():
        return False
    if torch.cuda.is_available():
        return torch.cuda.is_bf16_supported(including_emulation=False)
    abilities = torch.cpu.get_capabilities()
    return any(abilities.get(name, False) for name in ("avx512_bf16", "amx_bf16"))


def channels_last(x):
    """Images with their channels last in memory; anything else as it is."""
    return x.contiguous(memory_format=torch.channels_last) if x.ndim == 4 else x


def small_as_products(model):
    """Let a network compute its small convolutions as matrix products on a processor.

    A 1x1 convolution is a matrix product, and so is a larger kernel on a single padded pixel. A
    processor's convolution routines spend much of their time on reordering the weights of such
    layers, at every step. The model is changed in place, and returned; names and shapes of its
    weights stay the same.
    """
    for layer in model.modules():
        if type(layer) is not nn.Conv2d or layer.groups > 1 or layer.stride != (1, 1):
            continue
        sides = zip(layer.kernel_size, layer.padding, strict=True)
        if layer.kernel_size == (1, 1) and layer.padding == (0, 0):
            layer.__class__ = _OneByOne
        elif layer.dilation == (1, 1) and all(side == 2 * pad + 1 for side, pad in sides):
            layer.__class__ = _Centred
    return model


class _OneByOne(nn.Conv2d):
    def forward(self, x):
        if x.is_cuda:
            return super().forward(x)
        y = nn.functional.linear(x.permute(0, 2, 3, 1), self.weight[:, :, 0, 0], self.bias)
        return y.permute(0, 3, 1, 2)


class _Centred(nn.Conv2d):
    def forward(self, x):
        if x.is_cuda or x.shape[2:] != (1, 1):
            return super().forward(x)
        middle = self.weight[:, :, self.padding[0], self.padding[1]]
        return nn.functional.linear(x[:, :, 0, 0], middle, self.bias)[:, :, None, None]
