"""Counts of words and of letters, beside which an embedding has to prove itself (task f)."""

import numpy as np

from mmage_utils.errors import DataError

WORDS = {"analyzer": "word", "ngram_range": (1, 2)}
LETTERS = {"analyzer": "char_wb", "ngram_range": (2, 5)}
KINDS = {"words": (WORDS,), "letters": (LETTERS,), "words and letters": (WORDS, LETTERS)}
TEXTS = 2  # train texts at least that an n-gram must stand in


def count_ngrams(texts, train, kind="words and letters"):
    """Weighted counts (tf-idf) of n-grams, their list and weights taken from the train texts.

    Parameters
    ----------
    texts : sequence of str
    train : array-like of bool, shape (n texts,)
        Which texts decide what is counted.
    kind : str
        ``words``: single words and pairs. ``letters``: 2 to 5 letters within a word. ``words and
        letters``: both.

    Returns
    -------
    scipy.sparse.csr_matrix, shape (n texts, n-grams)
        Each kind in rows of length 1, or of 0 where nothing known occurs.

    Raises
    ------
    ValueError
        For an unknown kind.
    DataError
        When no n-gram occurs in two train texts.
    """
    from scipy import sparse
    from sklearn.feature_extraction.text import TfidfVectorizer

    if kind not in KINDS:
        raise ValueError(f"Unknown kind {kind!r}: choose one of {', '.join(KINDS)}.")
    texts, train = np.asarray(list(texts), dtype=object), np.asarray(train, dtype=bool)
    parts = []
    for settings in KINDS[kind]:
        counter = TfidfVectorizer(min_df=TEXTS, sublinear_tf=True, **settings)
        try:
            counter.fit(texts[train])
        except ValueError:
            raise DataError(
                f"No word stands in {TEXTS} of the {train.sum():,} train texts: nothing can be "
                "counted. Use the embedding alone."
            ) from None
        parts.append(counter.transform(texts))
    return sparse.hstack(parts, format="csr")
