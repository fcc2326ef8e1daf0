"""The packaged speaker network: from a waveform to 256 numbers that tell who speaks (task e).

It was learnt to tell thousands of speakers apart (Wan et al. 2018, ICASSP): an LSTM over 40 mel
bands, whose last state becomes a direction. Numbers that tell who speaks are personal data: they
can find the same person in another recording.
"""

from functools import lru_cache
from textwrap import shorten

import numpy as np
import torch
from scipy import fft
from torch import nn

from mmage_utils.errors import DataError
from mmage_utils.features.weight_files import given_file, packaged_file
from mmage_utils.files import file_sha256

PACKAGE, FILE = "Resemblyzer", "resemblyzer/pretrained.pt"
PACKAGED = "resemblyzer"
RATE = 16_000  # Hz
FRAME, HOP = 400, 160  # samples: 25 and 10 ms
BANDS, WIDTH = 40, 256
WINDOW = 160  # frames that the network hears at once, 1.6 s
ENOUGH = 120  # of them, to begin another window; the rest is silence
STEP = 240  # frames from one window to the next, 2.4 s
MOST = 12  # windows of a recording; a long one has them further apart
LEVEL = -30  # dB of full scale; what is quieter is made louder


def check_speaker_network(name):
    """Where the weights of a speaker network are.

    Parameters
    ----------
    name : str
        ``resemblyzer``, or a file ``.pt`` with other weights of the same network; a relative one
        counts from the repository.

    Raises
    ------
    UsageError
        For an unknown name.
    DataError
        When the file or the package is missing.
    """
    if name == PACKAGED:
        return packaged_file(PACKAGE, FILE)
    return given_file(name, (".pt",), parameter="SPEAKER_NETWORK", packaged=(PACKAGED,))


def describe_speaker_network(name=PACKAGED):
    """What results and figures keep of it: name, licence, SHA-256 of its weights, width."""
    path = check_speaker_network(name)
    packaged = name == PACKAGED
    return {
        "name": name if packaged else path.name,
        "source": f"package {PACKAGE}" if packaged else "file",
        "licence": "Apache-2.0" if packaged else "unknown",
        "learnt": "tell speakers apart",
        "numbers": WIDTH,
        "sha256": file_sha256(path),
    }


def load_speaker_network(name=PACKAGED):
    """A `SpeakerNetwork` with its weights, ready to embed.

    Raises
    ------
    UsageError, DataError
        As `check_speaker_network`; DataError too when the file does not hold this network.
    """
    path, model = check_speaker_network(name), SpeakerNetwork()
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)["model_state"]
        model.load_state_dict({name: state[name] for name in model.state_dict()})
    except Exception as error:  # torch.load raises many kinds for a truncated or foreign file
        reason = shorten(str(error) or type(error).__name__, 160)
        raise DataError(f"{path} does not hold the speaker network: {reason}.") from None
    return model.eval()


class SpeakerNetwork(nn.Module):
    """Mel windows of shape (B, 160, 40) to directions of shape (B, 256), none of them negative."""

    def __init__(self):
        super().__init__()
        self.lstm = nn.LSTM(BANDS, WIDTH, num_layers=3, batch_first=True)
        self.linear = nn.Linear(WIDTH, WIDTH)

    def forward(self, windows):
        _, (last, _) = self.lstm(windows)
        return nn.functional.normalize(torch.relu(self.linear(last[-1])))


def mel_windows(samples, *, step=STEP, most=MOST):
    """Mel spectra of windows of 1.6 s, as the network hears them.

    Parameters
    ----------
    samples : numpy.ndarray of float32, shape (n,)
        At 16 kHz, in -1..1.
    step : int
        Frames of 10 ms from the start of a window to that of the next.
    most : int
        Windows at most: a longer recording has them further apart.

    Returns
    -------
    numpy.ndarray of float32, shape (windows, 160, 40)
        Power, not its logarithm; at least one window, filled up with silence.
    """
    loudness = np.sqrt(np.mean(np.square(samples, dtype=float)) + 1e-20)
    samples = samples * np.float32(max(1.0, 10 ** (LEVEL / 20) / loudness))
    frames = 1 + len(samples) // HOP
    starts = np.arange(0, max(1, frames - ENOUGH), step)
    if len(starts) > most:
        starts = np.linspace(0, frames - WINDOW, most).round().astype(int)
    end = max(len(samples), (starts[-1] + WINDOW) * HOP)
    padded = np.pad(samples, (FRAME // 2, FRAME // 2 + end - len(samples)))
    rows = np.lib.stride_tricks.sliding_window_view(padded, FRAME)[::HOP]
    taper, bands = _filters()
    spectrum = fft.rfft(rows[starts[:, None] + np.arange(WINDOW)] * taper)
    return (np.abs(spectrum) ** 2 @ bands).astype(np.float32)


def speaker_vectors(recordings, model):
    """One direction for each recording: the mean over its windows, of length 1.

    Parameters
    ----------
    recordings : list of numpy.ndarray
        `mel_windows` of each.
    model : SpeakerNetwork

    Returns
    -------
    numpy.ndarray of float32, shape (n recordings, 256)
    """
    device = next(model.parameters()).device
    with torch.inference_mode():
        windows = torch.from_numpy(np.concatenate(recordings)).to(device)
        parts = model(windows).split([len(windows) for windows in recordings])
        means = torch.stack([part.mean(0) for part in parts])
    return nn.functional.normalize(means).cpu().numpy()


@lru_cache(maxsize=1)
def _filters():
    """The taper of a frame, shape (400,), and the mel filters, shape (201, 40)."""
    import librosa
    from scipy.signal.windows import hann

    bands = librosa.filters.mel(sr=RATE, n_fft=FRAME, n_mels=BANDS).T
    return hann(FRAME, sym=False).astype(np.float32), bands
