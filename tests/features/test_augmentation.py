"""Batched augmentation does to each image what torchvision does to one."""

import pytest
import torch
from torchvision.transforms import v2

from mmage_utils.features import augmentation

# The names that torchvision gives the same operations, and its magnitude of strength and sign.
THEIRS = {
    "identity": ("Identity", lambda s, z: 0.0),
    "shear_x": ("ShearX", lambda s, z: 0.99 * s * z),
    "shear_y": ("ShearY", lambda s, z: 0.99 * s * z),
    "translate_x": ("TranslateX", lambda s, z: -round(z * s * 32 / 224 * 84)),
    "translate_y": ("TranslateY", lambda s, z: -round(z * s * 32 / 224 * 84)),
    "rotate": ("Rotate", lambda s, z: 135.0 * s * z),
    "brightness": ("Brightness", lambda s, z: 0.99 * s * z),
    "color": ("Color", lambda s, z: 0.99 * s * z),
    "contrast": ("Contrast", lambda s, z: 0.99 * s * z),
    "sharpness": ("Sharpness", lambda s, z: 0.99 * s * z),
    "posterize": ("Posterize", lambda s, z: int(8 - round(6 * s))),
    "solarize": ("Solarize", lambda s, z: 1 - s),
    "autocontrast": ("AutoContrast", lambda s, z: 0.0),
    "equalize": ("Equalize", lambda s, z: 0.0),
}


@pytest.fixture
def images():
    """Smooth random pictures of 84 pixels."""
    torch.manual_seed(0)
    rough = torch.randint(0, 256, (6, 3, 6, 6)).float()
    smooth = torch.nn.functional.interpolate(rough, size=(84, 84), mode="bilinear")
    return smooth.to(torch.uint8)


@pytest.mark.parametrize("operation", augmentation.OPERATIONS)
def test_every_operation_is_torchvisions_at_every_strength(images, operation):
    strengths = torch.linspace(0, 1, 6)
    signs = torch.tensor([1.0, -1, 1, -1, 1, -1])
    which = torch.full((6,), augmentation.OPERATIONS.index(operation))
    found = augmentation.trivial_augment(images, which, strengths, signs)
    name, magnitude = THEIRS[operation]
    wide = v2.TrivialAugmentWide()
    expected = torch.stack(
        [
            wide._apply_image_or_video_transform(
                image, name, magnitude(float(s), float(z)), wide.interpolation, wide._fill
            )
            for image, s, z in zip(images, strengths, signs, strict=True)
        ]
    )
    off = (found.int() - expected.int()).abs()
    # Where a place of the source lies on the edge between two pixels, rounding may differ.
    assert (off > 1).float().mean() < 1e-3
    assert torch.equal(found[0], images[0]) or operation in {"autocontrast", "equalize"}


def test_space_is_torchvisions():
    theirs = v2.TrivialAugmentWide()._AUGMENTATION_SPACE
    assert {name for name, _ in THEIRS.values()} == set(theirs)
    assert set(THEIRS) == set(augmentation.OPERATIONS)


@pytest.mark.parametrize("kind", augmentation.KINDS)
def test_copies_keep_shape_and_type_and_leave_the_source_alone(images, kind):
    before = images.clone()
    copies = [augmentation.augment(images, [augmentation.KINDS.index(kind)] * 6) for _ in range(8)]
    assert {(copy.shape, copy.dtype) for copy in copies} == {(images.shape, torch.uint8)}
    assert torch.equal(images, before)
    assert all(torch.equal(copy, images) for copy in copies) == (kind == "none")


def test_each_image_becomes_its_own_kind(images, monkeypatch):
    monkeypatch.setattr(augmentation, "trivial_augment", lambda images, *_: images)
    names = ("flip", "none", "original", "flip", "none", "none")
    found = augmentation.augment(images, [augmentation.KINDS.index(name) for name in names])
    for k, name in enumerate(names):
        expected = images[k].flip(-1) if name == "flip" else images[k]
        assert torch.equal(found[k], expected)


def test_images_of_a_batch_are_changed_each_in_its_own_way(images):
    same = images[:1].expand(24, -1, -1, -1)
    for kind in ("original", "mixed", "light"):
        copies = augmentation.augment(same, [augmentation.KINDS.index(kind)] * 24)
        assert len({copy.numpy().tobytes() for copy in copies}) > 12


def test_seed_decides_the_copies(images):
    drawn = []
    for seed in (1, 1, 2):
        torch.manual_seed(seed)
        drawn.append(augmentation.augment(images, [3] * 6))
    assert torch.equal(drawn[0], drawn[1])
    assert not torch.equal(drawn[0], drawn[2])


def test_light_copy_stays_close_to_the_face(images):
    found = augmentation.augment(images, [augmentation.KINDS.index("light")] * 6)
    middle = (slice(None), slice(None), slice(20, 64), slice(20, 64))
    mirrored = images.flip(-1)
    for one, face, other in zip(found[middle], images[middle], mirrored[middle], strict=True):
        near = min((one.float() - ref.float()).abs().mean() for ref in (face, other))
        assert near < 30


def test_copies_of_the_text_have_nothing_of_trivial_augment(images, monkeypatch):
    monkeypatch.setattr(augmentation, "trivial_augment", lambda *_: pytest.fail("not in the text"))
    flip, mixed = (augmentation.KINDS.index(f"{name} alone") for name in ("flip", "mixed"))
    assert torch.equal(augmentation.augment(images, [flip] * 6), images.flip(-1))
    middle = (slice(None), slice(None), slice(20, 64), slice(20, 64))
    found = augmentation.augment(images, [mixed] * 6)[middle].float()
    for one, face, other in zip(found, images[middle], images.flip(-1)[middle], strict=True):
        assert min((one - ref.float()).abs().mean() for ref in (face, other)) < 45
