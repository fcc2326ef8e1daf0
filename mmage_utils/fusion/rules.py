"""Rules that pool the log-probabilities of several experts, on plain arrays (tasks g and h)."""

import numpy as np

from mmage_utils.data.labels import N_GROUPS
from mmage_utils.predictions import softmax
from mmage_utils.scores.calibration import best_temperature

FLOOR = 1e-12  # the least probability that a logarithm is taken of
CAUTION = 1e-4  # stacking takes no probability for smaller than this
MAX_WEIGHT = 3.0


def multiply(log_p, prior, weights=None):
    """Multiply posteriors, with the prior counted once.

    Parameters
    ----------
    log_p : array-like, shape (experts, n, 7)
        Log-posteriors.
    prior : array-like, shape (7,)
        The prior behind all of them. A group of prior 0 gets no probability to speak of.
    weights : sequence of float, optional
        Weight of each expert's evidence, log p - log prior; 1 by default. Then, for calibrated
        experts that are independent given the age group, this is Bayes' rule.

    Returns
    -------
    numpy.ndarray, shape (n, 7)
        Probabilities.
    """
    log_prior, evidence = _evidence(log_p, prior)
    weights = np.ones(len(evidence)) if weights is None else np.asarray(weights, dtype=float)
    return softmax(log_prior + np.tensordot(weights, evidence, 1))


def fit_weights(log_p, groups, prior):
    """Weights of the experts' evidence, each at least 0, of least log-loss.

    Parameters
    ----------
    log_p : array-like, shape (experts, n, 7)
    groups : array-like of int, shape (n,)
        True age groups 1..7.
    prior : array-like, shape (7,)

    Returns
    -------
    numpy.ndarray, shape (experts,)
        A point of the simplex times a scale: 0 to `MAX_WEIGHT` each. One expert alone has
        weight 1, as its temperature has scaled it already.
    """
    from scipy.optimize import minimize

    if len(log_p) == 1:
        return np.ones(1)
    log_prior, evidence = _evidence(log_p, prior)
    rows, true = np.arange(evidence.shape[1]), np.asarray(groups) - 1
    of_truth = evidence[:, rows, true]

    def loss(weights):  # convex in the weights
        logits = log_prior + np.tensordot(weights, evidence, 1)
        top = logits.max(1)
        exponents = np.exp(logits - top[:, None])
        total = exponents.sum(1)
        mean = np.einsum("mnk,nk->mn", evidence, exponents / total[:, None])
        value = np.mean(np.log(total) + top - logits[rows, true])
        return value, (mean - of_truth).mean(1)

    start, bounds = np.ones(len(evidence)), [(0, MAX_WEIGHT)] * len(evidence)
    return minimize(loss, start, jac=True, bounds=bounds, method="L-BFGS-B").x


def fit_stack(log_p, groups, prior, penalty):
    """Multinomial logistic regression on the experts' centred log-probabilities.

    Parameters
    ----------
    log_p : array-like, shape (experts, n, 7)
    groups : array-like of int, shape (n,)
    prior : array-like, shape (7,)
        One clip's weight at the mean input is spread over the groups, half by the prior and half
        evenly, so that a group without a clip is improbable but not impossible.
    penalty : float
        C of scikit-learn: the smaller, the stronger the L2 penalty.

    Returns
    -------
    centre : numpy.ndarray, shape (7 experts,)
    coefficients : numpy.ndarray, shape (7, 7 experts)
    intercepts : numpy.ndarray, shape (7,)
    """
    from sklearn.linear_model import LogisticRegression

    inputs = _stack_inputs(log_p)
    centre = inputs.mean(0)
    inputs = np.vstack([inputs - centre, np.zeros((N_GROUPS, len(centre)))])
    targets = np.concatenate([groups, np.arange(1, N_GROUPS + 1)])
    spread = (np.asarray(prior) + 1 / N_GROUPS) / 2
    weights = np.concatenate([np.ones(len(groups)), spread])
    model = LogisticRegression(C=penalty, max_iter=1000).fit(inputs, targets, weights)
    return centre, model.coef_, model.intercept_


def apply_stack(stack, log_p):
    """Probabilities of `fit_stack`'s regression, shape (n, 7)."""
    centre, coefficients, intercepts = stack
    return softmax((_stack_inputs(log_p) - centre) @ coefficients.T + intercepts)


def fit_temperatures(log_p, groups):
    """One temperature an expert, each on the clips that it has (`calibration`)."""
    there = ~np.isnan(log_p).any(2)
    pairs = zip(log_p, there, strict=True)
    return [best_temperature(one[here], groups[here]) for one, here in pairs]


def cool(log_p, temperatures):
    """Log-probabilities after the temperatures, normalised; NaN stays."""
    divided = log_p / np.reshape(temperatures, (-1, 1, 1))
    return divided - np.log(np.exp(divided).sum(2, keepdims=True))


def complete_clips(log_p, some):
    """Log-probabilities of some experts on the clips that have all of them, and which these are."""
    inside = log_p[list(some)]
    here = ~np.isnan(inside).any((0, 2))
    return inside[:, here], here


def leave_users_out(log_p, groups, users, folds):
    """Folds of clips grouped by user, with temperatures fitted without the fold.

    Returns
    -------
    list of (numpy.ndarray of bool, shape (n,); numpy.ndarray, shape (experts, n, 7))
        Which clips are left out, and the log-probabilities of all after the temperatures.
    """
    from sklearn.model_selection import GroupKFold

    parts = []
    for _, out in GroupKFold(folds).split(users, groups=users):
        left_out = np.zeros(len(users), dtype=bool)
        left_out[out] = True
        temperatures = fit_temperatures(log_p[:, ~left_out], groups[~left_out])
        parts.append((left_out, cool(log_p, temperatures)))
    return parts


def held_out_loss(rule, some, parts, groups, prior, penalty=None):
    """Mean log-loss of the clips with all experts, each scored by a fit without its user.

    Parameters
    ----------
    rule : str
        ``product``, ``weighted`` or ``stacking``.
    some : sequence of int
        The experts that the rule may use.
    parts : list
        `leave_users_out`.
    groups : numpy.ndarray of int, shape (n,)
    prior : array-like, shape (7,)
    penalty : float, optional
        C of the stacking.

    Returns
    -------
    float
        In nats.
    """
    total = count = 0
    for left_out, log_p in parts:
        scored = left_out & ~np.isnan(log_p).any((0, 2))
        out = log_p[np.ix_(some, scored)]
        inside, here = complete_clips(log_p[:, ~left_out], some)
        seen = groups[~left_out][here]
        if rule == "product":
            p = multiply(out, prior)
        elif rule == "weighted":
            p = multiply(out, prior, fit_weights(inside, seen, prior))
        else:
            p = apply_stack(fit_stack(inside, seen, prior, penalty), out)
        hit = p[np.arange(len(p)), groups[scored] - 1]
        total, count = total - np.log(np.clip(hit, FLOOR, 1)).sum(), count + len(p)
    return float(total / count)


def _evidence(log_p, prior):
    log_prior = np.log(np.clip(prior, FLOOR, 1))
    return log_prior, np.where(np.asarray(prior) > 0, np.asarray(log_p) - log_prior, 0)


def _stack_inputs(log_p):
    """Log-probabilities side by side, each expert's row centred, shape (n, 7 experts)."""
    cautious = np.maximum(log_p, np.log(CAUTION))
    cautious = cautious - cautious.mean(2, keepdims=True)
    return np.moveaxis(cautious, 0, 1).reshape(cautious.shape[1], -1)
