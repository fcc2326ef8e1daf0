"""Settings of kernels of this environment; tools/setup_env.sh copies them into it."""

import logging


def is_news(record):
    """Whether a message of a kernel says more than that its connection on loopback is plain text.

    papermill and nbconvert offer no option to encrypt it; ./run_all.sh encrypts its own.
    """
    return "TCP without encryption" not in record.getMessage()


logging.getLogger("IPKernelApp").addFilter(is_news)
