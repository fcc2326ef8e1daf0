"""Rules that pool the log-probabilities of several experts, on plain arrays (tasks g and h)."""

import numpy as np

from mmage_utils.data.labels import N_GROUPS
from mmage_utils.predictions import softmax
from mmage_utils.scores.calibration import best_temperature

FLOOR = 1e-12  # smaller probabilities are raised to this before a logarithm
CAUTION = 1e-4  # the same, for the inputs of stacking
MAX_WEIGHT = 3.0


def multiply(log_p, prior, weights=None):
    """Multiply posteriors, with the prior counted once.

    Parameters
    ----------
    log_p : array-like, shape (experts, n, 7)
        Log-posteriors.
    prior : array-like, shape (7,)
        The prior of all experts. A group of prior 0 gets a probability of almost 0.
    weights : sequence of float, optional
        Weight of each expert's evidence, log p - log prior. By default all are 1, which is Bayes'
        rule for calibrated experts that are independent given the age group.

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
        0 to `MAX_WEIGHT` each. A single expert has weight 1, as its temperature has scaled it.
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
    log_p, groups
        As `fit_weights`.
    prior : array-like, shape (7,)
        The weight of one clip at the mean input is spread over the groups, half by the prior and
        half evenly, so that a group without clips stays possible.
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


def fit_rule(rule, log_p, groups, prior, penalty):
    """What a rule learns: weights, the regression of the stacking, or None (``product``)."""
    if rule == "stacking":
        return fit_stack(log_p, groups, prior, penalty)
    return fit_weights(log_p, groups, prior) if rule == "weighted" else None


def apply_rule(rule, learnt, log_p, prior):
    """Probabilities, shape (n, 7), by a rule and what `fit_rule` returned for it."""
    if rule != "stacking":
        return multiply(log_p, prior, learnt)
    centre, coefficients, intercepts = learnt
    return softmax((_stack_inputs(log_p) - centre) @ coefficients.T + intercepts)


def fit_temperatures(log_p, groups):
    """One temperature per expert, fitted on the clips that it has (`calibration`)."""
    known = ~np.isnan(log_p).any(2)
    pairs = zip(log_p, known, strict=True)
    return [best_temperature(expert[clips], groups[clips]) for expert, clips in pairs]


def cool(log_p, temperatures):
    """Log-probabilities divided by the temperatures and normalised; NaN stays."""
    divided = log_p / np.reshape(temperatures, (-1, 1, 1))
    return divided - np.log(np.exp(divided).sum(2, keepdims=True))


def complete_clips(log_p, experts):
    """Log-probabilities of some experts on the clips that all of them have, and a mask of these."""
    chosen = log_p[list(experts)]
    complete = ~np.isnan(chosen).any((0, 2))
    return chosen[:, complete], complete


def leave_users_out(log_p, groups, users, folds):
    """Folds of clips grouped by user, with temperatures fitted without the fold.

    Returns
    -------
    list of (numpy.ndarray of bool, shape (n,); numpy.ndarray, shape (experts, n, 7))
        The clips left out, and the log-probabilities of all clips after the temperatures.
    """
    from sklearn.model_selection import GroupKFold

    held_out = []
    for _, fold in GroupKFold(folds).split(users, groups=users):
        left_out = np.isin(np.arange(len(users)), fold)
        temperatures = fit_temperatures(log_p[:, ~left_out], groups[~left_out])
        held_out.append((left_out, cool(log_p, temperatures)))
    return held_out


def held_out_loss(rule, experts, folds, groups, prior, penalty=None):
    """Mean log-loss, in nats, of the complete clips, each scored by a fit without its user.

    Parameters
    ----------
    rule : str
        ``product``, ``weighted`` or ``stacking``.
    experts : sequence of int
        The experts that the rule may use.
    folds : list
        `leave_users_out`.
    groups, prior, penalty
        As `fit_stack`.
    """
    losses = []
    for left_out, log_p in folds:
        scored = left_out & ~np.isnan(log_p).any((0, 2))
        inside, complete = complete_clips(log_p[:, ~left_out], experts)
        learnt = fit_rule(rule, inside, groups[~left_out][complete], prior, penalty)
        p = apply_rule(rule, learnt, log_p[np.ix_(experts, scored)], prior)
        of_truth = p[np.arange(len(p)), groups[scored] - 1]
        losses.append(-np.log(np.clip(of_truth, FLOOR, 1)))
    return float(np.concatenate(losses).mean())


def _evidence(log_p, prior):
    log_prior = np.log(np.clip(prior, FLOOR, 1))
    return log_prior, np.where(np.asarray(prior) > 0, np.asarray(log_p) - log_prior, 0)


def _stack_inputs(log_p):
    """Log-probabilities, centred for each clip and expert, shape (n, 7 experts)."""
    floored = np.maximum(log_p, np.log(CAUTION))
    return np.hstack(list(floored - floored.mean(2, keepdims=True)))
