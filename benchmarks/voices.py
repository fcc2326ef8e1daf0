"""Speed and accuracy of the fast acoustic features, measured in one run (task e).

    python benchmarks/voices.py [--clips 20] [--passes 5] [--json FILE]

Speeds are compared in processor time, which other work on the machine stretches less than time by
the clock; both are printed. On an idle machine and one thread they are the same.
Ends with 1 when a claim does not hold, and says which.
"""

import os

# Before numpy is imported: everything is measured on one thread.
os.environ.update(
    OMP_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1", MKL_NUM_THREADS="1", NUMBA_NUM_THREADS="1"
)

import argparse
import sys
import time
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import parselmouth
import psutil
import record
from joblib import Parallel, delayed

from mmage_utils.data import recordings
from mmage_utils.data.clips import read_clips, with_media
from mmage_utils.data.transcripts import read_transcripts
from mmage_utils.features.voices import acoustic, definition, fast, pitch_accuracy
from mmage_utils.features.voices.cost import first_pyin, speech_pyin
from mmage_utils.sample.ideal_observer import CUES_FILE
from mmage_utils.sample.known_pitch import known_clips
from mmage_utils.sample.write import make_sample

PROCESSES = 2
LOOK = 40  # clips between two looks at the memory
TEST_SEED, SECONDS = 0, 4.5  # of the synthetic clips; the constants were tuned on seed 100


def praat(samples):
    """Track f0 by Praat's autocorrelation, 65-450 Hz: times in s, f0 in Hz."""
    sound = parselmouth.Sound(samples.astype(float), recordings.SAMPLE_RATE)
    low, high = fast.PITCH_RANGE
    pitch = sound.to_pitch_ac(pitch_floor=low, pitch_ceiling=high)
    f0 = pitch.selected_array["frequency"]
    return pitch.xs(), np.where(f0 > 0, f0, np.nan)


def published(samples):
    """The recipe of the report: noisereduce, librosa's onsets and tempo, pyin from 10 Hz."""
    return acoustic.acoustic_features(samples, recipe="published")


def milliseconds(function, waveforms):
    """Mean cost of one call in ms: processor time, and time by the clock."""
    clock, processor = time.perf_counter(), time.process_time()
    for samples in waveforms:
        function(samples)
    spent = time.process_time() - processor, time.perf_counter() - clock
    return 1000 * np.array(spent) / len(waveforms)


def measure_speed(waveforms, passes, first_clips):
    """Print the times of the recipes and the steps of the fast one; return two ratios, and ms."""
    recipes = {"fast": fast.fast_features, "published": published}
    for recipe in recipes.values():  # compiles and imports what is needed
        recipe(waveforms[0])
    # The recipes take turns, so that a busy minute of the machine falls on both.
    passed = [[milliseconds(f, waveforms) for f in recipes.values()] for _ in range(passes)]
    times = dict(zip(recipes, np.swapaxes(passed, 0, 1), strict=True))
    first = milliseconds(first_pyin, waveforms[:first_clips])
    seconds = len(waveforms[0]) / recordings.SAMPLE_RATE
    print(f"\nMilliseconds a clip of {seconds:.3f} s on one thread,")
    print(f"median (range) of {passes} passes over {len(waveforms)} clips, compiled beforehand:")
    print(f"  {'':<20}{'processor time':>24}{'by the clock':>16}")
    for name, (processor, clock) in ((name, pair.T) for name, pair in times.items()):
        span = f"({processor.min():.2f}-{processor.max():.2f})"
        print(f"  {name:<20}{np.median(processor):9.2f} {span:>17}{np.median(clock):13.2f}")
    print(f"  {'first setting':<20}{first[0]:9.2f} {'':>17}{first[1]:13.2f}")
    print(f"  (the first setting in one pass over {first_clips} clips, its pyin alone)")
    ours, theirs = (np.median(times[name][:, 0]) for name in recipes)
    ratios = theirs / ours, first[0] / ours
    print(f"fast is {ratios[0]:.1f} times as fast as published, {ratios[1]:.0f} as the first.")
    print_breakdown(waveforms, passes)
    return *ratios, {"fast": ours, "published": theirs, "first setting, pyin alone": first[0]}


def print_breakdown(waveforms, passes):
    """Print where the milliseconds of the fast recipe go."""
    scaled = [fast.level(samples) for samples in waveforms]
    power = [fast.power_spectra(samples) for samples in scaled]
    bands = [fast.gate_noise(spectra) for spectra in power]
    envelopes = [fast.onset_envelope(band) for band in bands]
    f0 = [fast.pitch_of_spectra(spectra) for spectra in power]
    steps = {
        "scale": (fast.level, waveforms),
        "short-time spectra": (fast.power_spectra, scaled),
        "noise gate": (fast.gate_noise, power),
        "onset envelope": (fast.onset_envelope, bands),
        "onset picking": (fast.pick_onsets, envelopes),
        "tempo": (fast.estimate_tempo, envelopes),
        "f0": (fast.pitch_of_spectra, power),
        "statistics of f0": (definition.summarise_f0, f0),
    }
    print("Of fast, step by step (median of the passes):")
    for name, (step, inputs) in steps.items():
        spent = np.median([milliseconds(step, inputs)[0] for _ in range(passes)])
        print(f"  {name:<20}{spent:9.2f}")


def _read_and_measure(path):
    start = time.process_time()
    fast.fast_features(acoustic.load_voice(path))
    return time.process_time() - start


def measure_throughput(paths):
    """Print and return minutes for 10,000 clips on two processes, and the memory of all in GB.

    To be called first: what is done before would count as memory.
    """
    here, memory, processor = psutil.Process(), 0.0, 0.0
    with Parallel(n_jobs=PROCESSES, batch_size=8, return_as="generator") as pool:
        start = time.perf_counter()
        list(pool(delayed(_read_and_measure)(path) for path in paths[:32]))
        ready = time.perf_counter()
        for number, spent in enumerate(pool(delayed(_read_and_measure)(path) for path in paths)):
            processor += spent / PROCESSES
            if number % LOOK == 0:
                memory = max(memory, record.memory_of(here) / 1e9)
        end = time.perf_counter()
    imports, clock = ready - start, end - ready
    minutes, by_clock = ((imports + t * 10_000 / len(paths)) / 60 for t in (processor, clock))
    print(
        f"{len(paths)} WAV files read and measured by {PROCESSES} processes: {processor:.1f} s of "
        f"processor time\neach, {clock:.1f} s by the clock, after {imports:.1f} s of imports.\n"
        f"10,000 take {minutes:.2f} min on two free cores, {by_clock:.2f} min on this machine as "
        f"busy as it was.\nAll processes held {memory:.2f} GB at most."
    )
    return minutes, memory


def denoised(clip):
    """The same clip after the published noise reduction."""
    return clip._replace(samples=acoustic.denoise(clip.samples).astype(np.float32))


def measure_accuracy(n):
    """Print and return the accuracy of the trackers on clips whose f0 is known."""
    conditions = {
        name: list(known_clips(n, seed=TEST_SEED, seconds=SECONDS, noisy=name == "noisy"))
        for name in ("clean", "noisy")
    }
    conditions |= {f"{k}, denoised": [denoised(c) for c in v] for k, v in conditions.items()}
    trackers = {"fast": fast.fast_f0, "pyin": speech_pyin, "praat": praat}
    table = pitch_accuracy.accuracy_table(conditions, trackers, n_jobs=PROCESSES)
    print(f"\n{n} synthetic clips of {SECONDS} s with known f0, clean and at 5 to 30 dB, as they")
    print("are and after noisereduce; all trackers get the same samples. Errors in per cent:")
    shown = table.rename(columns=lambda name: name.replace("_", " "))
    rates = ["gross pitch error", "voicing error", "octave error"]
    shown[rates] = (100 * shown[rates]).round(3)
    print(shown.to_string(index=False))
    return table.set_index(["condition", "tracker"])


def _measure_speech(path):
    samples = acoustic.load_voice(path)
    clean = acoustic.denoise(samples)
    tracks = {"fast": fast.fast_f0(samples), "pyin": speech_pyin(samples)}
    tracks |= {"praat": praat(samples)}
    row = {name: definition.summarise_f0(f0)["f0_median"] for name, (_, f0) in tracks.items()}
    row |= {f"{name} voiced": np.mean(~np.isnan(f0)) for name, (_, f0) in tracks.items()}
    seconds = len(samples) / recordings.SAMPLE_RATE
    row["fast words"] = fast.fast_features(samples)["words_per_second"]
    row["published words"] = len(acoustic.find_onsets(clean)) / seconds
    row["seconds"] = seconds
    times, f0 = tracks["pyin"]
    own = pitch_accuracy.at_times(times, *tracks["fast"])
    both = ~np.isnan(f0) & ~np.isnan(own)
    row["shared"] = np.median(own[both]) / np.median(f0[both]) if both.any() else np.nan
    return row


def within(ratios):
    """Share of ratios within 3% of 1; NaN counts as outside."""
    return float((np.abs(ratios - 1) <= 0.03).mean())


def measure_speech(folder, clips):
    """Print and return how the trackers agree on speech, and how onsets follow the words."""
    jobs = (delayed(_measure_speech)(path) for path in clips["audio"])
    rows = pd.DataFrame(Parallel(n_jobs=PROCESSES)(jobs))
    drawn = pd.read_csv(folder / CUES_FILE).set_index("VideoName")["voice_f0"]
    drawn = drawn.loc[clips["VideoName"]].to_numpy()
    spoken = (
        np.array([len(text.split()) for text in read_transcripts(clips)["text"]]) / rows["seconds"]
    )
    found = {
        "praat": within(rows["fast"] / rows["praat"]),
        "pyin": within(rows["fast"] / rows["pyin"]),
        "shared": within(rows["shared"]),
        "praat and pyin": within(rows["praat"] / rows["pyin"]),
    }
    found |= {
        f"{name} off": float((rows[name] / drawn - 1).abs().median())
        for name in ("fast", "pyin", "praat")
    }
    found |= {
        name: float(np.corrcoef(rows[name], spoken)[0, 1])
        for name in ("fast words", "published words")
    }
    print(f"\n{len(rows)} clips of sample speech (valid and test), not denoised for f0.")
    print("Clips in 100 whose medians of f0 agree within 3%:")
    labels = {
        "fast and Praat": "praat",
        "fast and pyin": "pyin",
        "Praat and pyin": "praat and pyin",
        "fast and pyin over the frames that both call voiced": "shared",
    }
    for label, key in labels.items():
        print(f"  {label:<54}{100 * found[key]:6.1f}")
    print("Frames called voiced, and how far the median is from the f0 drawn for the speaker:")
    for name in ("fast", "pyin", "praat"):
        print(f"  {name:<8}{rows[f'{name} voiced'].mean():8.1%}{found[f'{name} off']:8.1%}")
    print("Correlation of words per second with the words spoken per second:")
    for name in ("fast", "published"):
        print(f"  {name:<12}{found[f'{name} words']:6.3f}")
    return found


def main():
    """Measure everything, print it, and return 1 when a claim does not hold."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--files", type=int, help="WAV files read and measured; all of them")
    parser.add_argument("--clips", type=int, default=20, help="clips timed")
    parser.add_argument("--seconds", type=float, help="of each clip timed; the whole clip")
    parser.add_argument("--passes", type=int, default=5, help="passes over them")
    parser.add_argument("--first", type=int, default=3, help="clips of the slow first setting")
    parser.add_argument("--known", type=int, default=201, help="synthetic clips with known f0")
    parser.add_argument("--speech", type=int, default=160, help="clips of sample speech")
    parser.add_argument("--data", type=Path, default=Path("data/sample"), help="a sample's folder")
    record.add_option(parser)
    options = parser.parse_args()
    # Workers that have grown by the libraries they import are replaced, which does no harm.
    warnings.filterwarnings("ignore", "A worker stopped while some jobs")
    if not options.data.exists():
        make_sample(options.data)
    clips = with_media(read_clips(options.data))
    # The constants of the onsets were chosen on train clips.
    unseen = clips[clips["split"] != "train"]
    unseen = unseen.iloc[:: max(1, len(unseen) // options.speech)][: options.speech]

    print(f"Load of the machine before the start: {os.getloadavg()[0]:.1f}")
    minutes, memory = measure_throughput(list(clips["audio"])[: options.files])
    timed = [acoustic.load_voice(path) for path in unseen["audio"].iloc[: options.clips]]
    if options.seconds:
        timed = [samples[: round(options.seconds * recordings.SAMPLE_RATE)] for samples in timed]
    faster, faster_than_first, spent = measure_speed(timed, options.passes, options.first)
    errors = measure_accuracy(options.known)
    speech = measure_speech(options.data, unseen.reset_index(drop=True))

    claims = {
        "at least 10 times as fast as published": faster >= 10,
        "at least 250 times as fast as the first setting": faster_than_first >= 250,
        "10,000 clips in at most 6 minutes on two free cores": minutes <= 6,
        "at most 2 GB": memory <= 2,
    }
    for condition in errors.index.unique("condition"):
        for error in ("gross_pitch_error", "voicing_error"):
            mine, other = (errors.loc[(condition, name), error] for name in ("fast", "pyin"))
            claims[f"{error.replace('_', ' ')} at most pyin's, {condition}"] = mine <= other
    claims |= {
        # pyin at frame 2048 calls many pauses voiced, and Praat agrees with it no better.
        "median f0 of speech within 3% of Praat's for 95%": speech["praat"] >= 0.95,
        "median f0 nearer to the drawn than pyin's": speech["fast off"] <= speech["pyin off"],
        "words per second follow the words as well": speech["fast words"]
        >= speech["published words"],
    }
    print("\nClaims:")
    for claim, holds in claims.items():
        print(f"  {'holds' if holds else 'FAILS'}  {claim}")
    seconds = len(timed[0]) / recordings.SAMPLE_RATE
    rows = [{"recipe": name, "ms a clip": ms} for name, ms in spent.items()]
    about = f"Processor time of a clip of {seconds:.1f} s, one thread"
    first = (
        f"Acoustic features take {spent['fast']:.1f} ms a clip, {faster:.0f} times less than by "
        f"the report's second setting; 10,000 clips take {minutes:.1f} minutes."
    )
    failed = [claim for claim, holds in claims.items() if not holds]
    verdict = f"{len(claims) - len(failed)} of {len(claims)} claims hold"
    verdict += f", not: {'; '.join(failed)}." if failed else "."
    errors = errors.reset_index().rename(columns=lambda name: name.replace("_", " "))
    tables = {about: rows, "Errors of f0 on clips of known f0, as shares": errors}
    record.write_record(options.json, tables, [first, verdict])
    return 0 if all(claims.values()) else 1


if __name__ == "__main__":
    sys.exit(main())
