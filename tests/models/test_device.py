"""Small convolutions as products give what convolutions give; the precision is the device's."""

from copy import deepcopy

import pytest
import torch
from torch import nn

from mmage_utils.models import device


def _layers():
    torch.manual_seed(0)
    return {
        "1x1": nn.Conv2d(6, 4, 1),
        "1x1 without bias": nn.Conv2d(6, 4, 1, bias=False),
        "1x3": nn.Conv2d(6, 4, (1, 3), padding=(0, 1), bias=False),
        "7x1": nn.Conv2d(6, 4, (7, 1), padding=(3, 0)),
        "3x3": nn.Conv2d(6, 4, 3, padding=1),
    }


@pytest.mark.parametrize("size", [(1, 1), (1, 4), (5, 5)])
@pytest.mark.parametrize("name", _layers())
def test_a_product_gives_values_and_gradients_of_the_convolution(name, size):
    plain = _layers()[name]
    product = device.small_as_products(deepcopy(plain))
    assert type(product) is not nn.Conv2d
    assert list(product.state_dict()) == list(plain.state_dict())
    x = device.channels_last(torch.randn(3, 6, *size))
    made = []
    for layer in (plain, product):
        given = x.clone().requires_grad_()
        y = layer(given)
        (y**2).sum().backward()
        made.append([y, given.grad, *(weight.grad for weight in layer.parameters())])
    for one, other in zip(*made, strict=True):
        torch.testing.assert_close(one, other, atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize(
    "settings",
    [
        {"kernel_size": 1, "stride": 2},
        {"kernel_size": 3},
        {"kernel_size": 1, "padding": 1},
        {"kernel_size": 3, "padding": 2, "dilation": 2},
        {"kernel_size": 1, "groups": 2},
    ],
)
def test_other_convolutions_are_left_as_they_are(settings):
    layer = device.small_as_products(nn.Conv2d(6, 4, **settings))
    assert type(layer) is nn.Conv2d


def test_bfloat16_is_that_of_the_processor(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    for abilities, expected in (
        ({"avx512_bf16": True}, True),
        ({"avx512_f": True}, False),
        ({}, False),
    ):
        monkeypatch.setattr(torch.cpu, "get_capabilities", lambda abilities=abilities: abilities)
        assert device.has_bfloat16() is expected
    assert device.find_device() == "cpu"
