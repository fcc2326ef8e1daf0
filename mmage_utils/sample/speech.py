"""Synthetic speech of a clip: eSpeak NG in a room with noise.

eSpeak NG keeps its state in C globals, so callers must use processes, not threads.
"""

import ctypes
import io
import re
from contextlib import contextmanager
from typing import NamedTuple

import numpy as np
from scipy import signal

SAMPLE_RATE = 16_000  # Hz
DURATION = 15.302  # s
N_SAMPLES = round(DURATION * SAMPLE_RATE)

_ESPEAK_RATE = 22_050
_SYNCHRONOUS, _UTF8, _RATE, _PITCH, _RANGE = 2, 1, 1, 3, 4  # numbers from speak_lib.h
_WPM = (80, 430)
_ACCENTS = ("en-us", "en", "en-GB-x-rp")
_SILENT = 200  # amplitude of 32767 below which eSpeak is between words
_PAUSES = (0.15, 0.9)  # s
_PAUSE_SHARE = ((1.7, 2.8, 4.2), (0.42, 0.27, 0.08))  # of the time spoken, by words per second
_LINKS = ("and", "so", "but", "because", "with", "for", "to", "in", "on", "at", "of", "that")
_LONGEST = 15.1  # s of speech in a clip at most


class _Variant(NamedTuple):
    """Calibration of an eSpeak variant, measured with Praat on four sentences.

    The median f0 in Hz is ``base * shape(pitch) + slope * range``, the standard deviation of the
    contour in semitones ``spread * range / f0``.
    """

    name: str
    base: float  # Hz
    slope: float  # Hz
    spread: float  # semitones x Hz


_MALE = (
    _Variant("m1", 92, 0.20, 2.9), _Variant("m2", 104, 0.15, 2.4), _Variant("m3", 101, 0.24, 3.6),
    _Variant("m4", 89, 0.24, 3.5), _Variant("m6", 101, 0.19, 3.0), _Variant("m7", 100, 0.29, 4.4),
)  # fmt: skip
_FEMALE = (
    _Variant("f1", 179, 0.34, 5.2), _Variant("f2", 190, 0.44, 6.8), _Variant("f3", 198, 0.58, 9.0),
    _Variant("f4", 180, 0.34, 5.2), _Variant("f5", 206, 0.38, 6.1),
)  # fmt: skip
# Growth of f0 with the pitch parameter, the same for all variants.
_PITCHES = (0, 20, 40, 60, 80, 99)
_PITCH_SHAPE = (0.545, 0.648, 0.799, 1.0, 1.265, 1.59)

# Resampling eSpeak's 22,050 Hz by up/down plays it faster by the factor given, which raises the
# formants as a shorter vocal tract does. Small ratios keep the filter short.
_RATIOS = {(3, 4): 0.967, (8, 11): 0.998, (7, 10): 1.037, (2, 3): 1.088, (5, 8): 1.161}
_ADULT_RATIOS, _TEEN_RATIOS = ((3, 4), (8, 11), (7, 10)), ((7, 10), (2, 3))


@contextmanager
def _espeak(voice, seed):
    """Load eSpeak NG and yield ``say(text, wpm, pitch, pitch_range) -> (n,) int16`` at 22,050 Hz.

    The phases of its oscillators are static variables that no call resets. The library is
    therefore loaded anew for every clip (1 ms), so that a clip does not depend on those before.
    """
    from _ctypes import dlclose

    import espeakng_loader

    path, data = espeakng_loader.get_library_path(), espeakng_loader.get_data_path()
    try:
        library = ctypes.CDLL(path)
    except OSError as error:
        raise RuntimeError(f"eSpeak NG cannot be loaded from {path}: {error}") from error
    blocks = []

    @ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_int, ctypes.c_void_p)
    def collect(samples, count, _events):
        if samples and count > 0:
            blocks.append(ctypes.string_at(samples, 2 * count))
        return 0

    def say(text, wpm, pitch, pitch_range):
        blocks.clear()
        for parameter, value in ((_RATE, wpm), (_PITCH, pitch), (_RANGE, pitch_range)):
            library.espeak_SetParameter(parameter, round(float(value)), 0)
        size = ctypes.c_size_t(len(text.encode()) + 1)
        failed = library.espeak_Synth(text.encode(), size, 0, 1, 0, _UTF8, None, None)
        if failed:
            raise RuntimeError(f"eSpeak NG failed with code {failed} on {text!r}")
        return np.frombuffer(b"".join(blocks), dtype=np.int16)

    try:
        rate = library.espeak_Initialize(_SYNCHRONOUS, 0, str(data).encode(), 0)
        if rate != _ESPEAK_RATE:
            raise RuntimeError(f"eSpeak NG did not start with the data in {data} (code {rate})")
        library.espeak_SetSynthCallback(collect)
        if library.espeak_SetVoiceByName(voice.encode()):
            raise RuntimeError(f"eSpeak NG has no voice {voice!r} in {data}")
        library.espeak_ng_SetRandSeed(ctypes.c_long(seed))
        yield say
    finally:
        library.espeak_Terminate()
        dlclose(library._handle)


def _choose_voice(f0, f0_range, gender, years, rng):
    """Draw a variant and a resampling ratio, if possible of those that reach f0 with ease."""
    own, other = (_MALE, _FEMALE) if gender == 1 else (_FEMALE, _MALE)
    if years < 13:
        kinds = [(_FEMALE, [(2, 3), (5, 8)]), (_MALE, [(2, 3)])]
    else:
        # Out of reach of its own kind, a high man gets a lowered female voice and vice versa.
        shifted = [(3, 4), (8, 11)] if gender == 1 else [(7, 10), (2, 3)]
        kinds = [(own, _TEEN_RATIOS if years < 19 else _ADULT_RATIOS), (other, shifted)]
    choices = []
    for variants, ratios in kinds:
        pairs = [(variant, ratio) for variant in variants for ratio in ratios]
        choices += [pairs[i] for i in rng.permutation(len(pairs))]

    def miss(choice):
        shape = _settings(choice[0], f0 / _RATIOS[choice[1]], f0_range)[2]
        return max(0.62 - shape, shape - 1.45, 0)

    return min(choices, key=miss)


def _settings(variant, f0, f0_range):
    """Return eSpeak's pitch and range for f0 (Hz) and its spread (semitones), and the shape."""
    pitch_range = min(f0_range * f0 / variant.spread, 99)
    shape = (f0 - variant.slope * pitch_range) / variant.base
    return np.interp(shape, _PITCH_SHAPE, _PITCHES), pitch_range, shape


def _seconds_at_60_wpm(chunk):
    """Guess how long eSpeak talks at 60 words per minute, from letters and vowels."""
    vowels = len(re.findall(r"[aeiouy]+", chunk.lower()))
    return 0.17 * vowels + 0.126 * sum(map(str.isalpha, chunk)) + 0.27


def _split(text, words_per_second):
    """Split a text where the speaker pauses: at stops and commas, slow speakers also between."""
    longest = np.interp(words_per_second, (1.7, 4.2), (3.5, 12))
    chunks = []
    for clause in re.findall(r"[^.,!?]+[.,!?]*", text):
        words = clause.split()
        while len(words) > longest + 1:
            cut = round(len(words) / np.ceil(len(words) / longest))
            cut = next((i for i in (cut, cut - 1, cut + 1) if words[i].lower() in _LINKS), cut)
            chunks.append(" ".join(words[:cut]) + ",")
            words = words[cut:]
        if words:
            chunks.append(" ".join(words))
    return chunks


def _draw_pauses(chunks, span, words_per_second, rng):
    """Draw the seconds of silence after each chunk but the last."""
    # People differ in rate by how much they pause more than by how fast they articulate.
    share = np.interp(words_per_second, *_PAUSE_SHARE) + rng.uniform(-0.02, 0.02)
    stops = np.array([chunk[-1] in ".!?" for chunk in chunks[:-1]], dtype=bool)
    pauses = np.where(stops, 1.0, 0.6) * rng.uniform(0.6, 1.4, stops.size)
    pauses *= share * span / max(pauses.sum(), 1e-9)
    return np.clip(pauses, *_PAUSES)


def _articulate(text, f0, f0_range, words_per_second, gender, years, rng):
    """Return the speech without noise, (n,) float32 at `SAMPLE_RATE`, n <= `N_SAMPLES`."""
    variant, ratio = _choose_voice(f0, f0_range, gender, years, rng)
    faster = _RATIOS[ratio]
    rate = _ESPEAK_RATE * faster  # as resampled: eSpeak's samples per second of the clip
    chunks = _split(text, words_per_second)
    guesses = np.array([_seconds_at_60_wpm(chunk) for chunk in chunks])
    # Part of the range is intonation within a clause, the rest steps between clauses: evenly
    # spread steps in random order leave the median where it is.
    within = min(0.8 * f0_range, 85 * variant.spread * faster / f0)
    order = rng.permutation(len(chunks))
    places = np.empty(len(chunks))
    places[order] = (np.cumsum(guesses[order]) - guesses[order] / 2) / guesses.sum()
    steps = np.sqrt(f0_range**2 - within**2) * np.sqrt(3) * (2 * places - 1)
    span = min(len(text.split()) / words_per_second, _LONGEST)
    pauses = _draw_pauses(chunks, span, words_per_second, rng)
    voice = f"{_ACCENTS[rng.integers(len(_ACCENTS))]}+{variant.name}"
    spoken = []
    with _espeak(voice, int(rng.integers(2**31 - 1))) as say:
        for i, chunk in enumerate(chunks):
            # What was spoken so far shows how far off the guess is.
            left = max(span - pauses.sum() - sum(map(len, spoken)) / rate, 0.1)
            wpm = np.clip(60 * guesses[i:].sum() / (left * faster), *_WPM)
            level = f0 / faster * 2 ** (steps[i] / 12)
            sound = say(chunk, wpm, *_settings(variant, level, within)[:2])
            loud = np.flatnonzero((sound > _SILENT) | (sound < -_SILENT))
            spoken.append(sound[loud[0] : loud[-1] + 1] if loud.size else sound)
    # The last chunk runs over or short a little: the pauses take it up.
    talked = sum(map(len, spoken)) / rate
    pauses *= np.clip((span - talked) / max(pauses.sum(), 1e-9), 0.6, 1.4)
    pieces = [spoken[0]]
    for pause, sound in zip(pauses, spoken[1:], strict=True):
        pieces += [np.zeros(round(pause * rate), np.int16), sound]
    return signal.resample_poly(np.concatenate(pieces).astype(np.float32), *ratio)[:N_SAMPLES]


def _room_noise(speech, rng):
    """Return coloured noise with some hum and babble, (244832,) float32 of unit power."""
    noise = rng.standard_normal(N_SAMPLES, dtype=np.float32)
    poles = np.array([1, -rng.uniform(0.2, 0.95)], np.float32)
    noise = signal.lfilter(np.ones(1, np.float32), poles, noise)
    noise /= noise.std()
    t = 2 * np.pi * int(rng.choice([50, 60])) * np.arange(SAMPLE_RATE) / SAMPLE_RATE
    hum = rng.uniform(0, 0.4) * sum(np.sin(k * t + k) / k for k in (1, 2, 3, 5))
    noise += np.resize(hum.astype(np.float32), N_SAMPLES)
    if rng.random() < 0.3:
        # Speech backwards and overlaid is speech to the ear and says nothing.
        babble = sum(np.roll(speech[::-1], shift) for shift in rng.integers(N_SAMPLES, size=3))
        noise += np.float32(rng.uniform(0.2, 0.5) / (babble.std() + 1e-9)) * babble
    return noise / noise.std()


def speak(text, *, f0, f0_range, words_per_second, gender, years, rng) -> np.ndarray:
    """Speak a text in a noisy room, as one clip sounds.

    Parameters
    ----------
    text : str
        What is said. Its words should fill the clip at `words_per_second`; words that do not
        fit at that rate are said faster.
    f0 : float
        Median fundamental frequency in Hz, 80 to 320.
    f0_range : float
        Standard deviation of the pitch contour in semitones, about 1.5 to 5.
    words_per_second : float
        Rate over the part spoken, pauses included, 1.7 to 4.2.
    gender : int
        1 for male, 2 for female.
    years : float
        Age in years; below 13 both genders have a child's voice.
    rng : numpy.random.Generator
        Draws accent, voice, pauses, noise, echo and level.

    Returns
    -------
    numpy.ndarray, shape (244832,), int16
        `DURATION` seconds at `SAMPLE_RATE`, peak 0.1 to 0.9 of full scale.

    Raises
    ------
    ValueError
        If the text is empty, a number is not positive or `gender` is neither 1 nor 2.
    RuntimeError
        If eSpeak NG does not load, start or speak.
    """
    if not re.search(r"\w", text):
        raise ValueError("there is nothing to say: the text has no words")
    if gender not in (1, 2) or not min(f0, f0_range, words_per_second, years) > 0:
        raise ValueError("gender must be 1 (male) or 2 (female) and the numbers positive")
    sound = _articulate(text, f0, f0_range, words_per_second, gender, years, rng)
    speech = np.zeros(N_SAMPLES, np.float32)
    lead = int(rng.uniform(0, min(N_SAMPLES - sound.size, 0.3 * SAMPLE_RATE)))
    speech[lead : lead + sound.size] = sound
    speech_power = float(np.mean(sound**2)) + 1e-9

    echo = np.exp(-np.arange(0, 0.15, 1 / SAMPLE_RATE) / rng.uniform(0.02, 0.07))
    echo *= rng.standard_normal(echo.size)
    echo *= rng.uniform(0.05, 0.3) / np.sqrt(np.sum(echo**2))
    echo[0] = 1
    mix = signal.oaconvolve(speech, echo.astype(np.float32))[:N_SAMPLES]
    snr = rng.uniform(8, 30)  # dB
    mix += np.float32(np.sqrt(speech_power / 10 ** (snr / 10))) * _room_noise(speech, rng)
    peak = rng.uniform(0.1, 0.9) * 32767
    return np.round(mix * (peak / np.abs(mix).max())).astype(np.int16)


def encode_wav(samples) -> bytes:
    """Encode int16 samples, shape (n,), as a WAV file of 16-bit PCM at `SAMPLE_RATE`."""
    import soundfile

    buffer = io.BytesIO()
    soundfile.write(buffer, samples, SAMPLE_RATE, subtype="PCM_16", format="WAV")
    return buffer.getvalue()
