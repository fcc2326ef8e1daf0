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
    texts = np.asarray(list(texts), dtype=object)
    return count_with(learn_counters(texts[np.asarray(train, dtype=bool)], kind), texts)


def learn_counters(texts, kind="words and letters"):
    """What `count_ngrams` learns from the train texts: a counter for each kind of n-grams.

    Parameters
    ----------
    texts : numpy.ndarray of object
        The train texts alone.
    kind : str
        As `count_ngrams`; errors too.

    Returns
    -------
    list of sklearn.feature_extraction.text.TfidfVectorizer
    """
    from sklearn.feature_extraction.text import TfidfVectorizer

    if kind not in KINDS:
        raise ValueError(f"Unknown kind {kind!r}: choose one of {', '.join(KINDS)}.")
    counters = []
    for settings in KINDS[kind]:
        counter = TfidfVectorizer(min_df=TEXTS, sublinear_tf=True, **settings)
        try:
            counters.append(counter.fit(texts))
        except ValueError:
            raise DataError(
                f"No word stands in {TEXTS} of the {len(texts):,} train texts: nothing can be "
                "counted. Use the embedding alone."
            ) from None
    return counters


def count_with(counters, texts):
    """Weighted counts of texts by counters, as `count_ngrams`."""
    from scipy import sparse

    return sparse.hstack([counter.transform(texts) for counter in counters], format="csr")


def counter_facts(counters):
    """The n-grams of each counter, in order, and their weights: what `known_counters` takes."""
    terms = [counter.get_feature_names_out().tolist() for counter in counters]
    return terms, [counter.idf_ for counter in counters]


def known_counters(kind, terms, weights):
    """The counters of a kind with the n-grams and weights that `counter_facts` gave."""
    from sklearn.feature_extraction.text import TfidfVectorizer

    counters = []
    for settings, known, idf in zip(KINDS[kind], terms, weights, strict=True):
        counter = TfidfVectorizer(vocabulary=known, sublinear_tf=True, **settings)
        counter.idf_ = idf
        counters.append(counter)
    return counters
