"""What a diagram says of a network is what the network does."""

import pytest
import torch

from mmage_utils.models import architecture, networks


@pytest.fixture(scope="module")
def model():
    return networks.face_classifier()[0]


def test_stages_of_the_face_network_have_all_its_weights_and_the_sizes_of_the_run(model):
    stages = architecture.describe_face_network(model, 80)
    assert stages[0]["output"] == (3, 80, 80)
    assert stages[-1]["output"] == (7,)
    assert sum(stage["weights"] for stage in stages) == sum(x.numel() for x in model.parameters())
    assert [stage["name"] for stage in stages if stage["new"]] == ["head: linear"]
    larger = architecture.describe_face_network(model, 160)
    assert larger[1]["output"][1] > stages[1]["output"][1]
    assert larger[-1] == stages[-1]


def test_blocks_are_counted(model):
    names = [stage["name"] for stage in architecture.describe_face_network(model, 80)]
    assert [name.split()[0] for name in names if " x " in name] == ["5", "10", "6"]


def test_describing_leaves_the_network_as_it_was(model):
    model.train()
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    architecture.describe_face_network(model, 80)
    assert model.training
    assert all(torch.equal(before[name], x) for name, x in model.state_dict().items())


@pytest.mark.parametrize("width", [384, 768])
def test_layers_of_the_text_head(width):
    head = networks.text_head(width)
    layers = architecture.describe_head(head)
    assert [layer["width"] for layer in layers] == [width, 512, 512, 7]
    assert [layer["name"] for layer in layers] == ["embedding", "Linear", "ReLU", "Linear, logits"]
    assert sum(layer["weights"] for layer in layers) == sum(x.numel() for x in head.parameters())
