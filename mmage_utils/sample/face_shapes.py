"""Shapes of the schematic faces: measures, hair, features, and the relief of old skin.

Shapes live in face units: x to the right, y down, the origin between the cheekbones, the crown at
y = -1.12. `who` is what a person keeps, `now` what changes between clips, `dial` the five cues in
0..1, and `m` the measures of the face.
"""

from types import SimpleNamespace

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

SIDE, CROWN = 224, 1.12
EYE_WHITE, LIP_RED, DARK = np.array([(246, 243, 240), (176, 62, 70), (58, 50, 48)], float)
ON_SKIN, ON_HAIR, OTHER = 255, 128, 0  # what a pixel shows, kept in a fourth band
T, ARCH = np.linspace(-1, 1, 15), 1 - np.linspace(-1, 1, 15) ** 2
CIRCLE = np.stack([f(np.arange(26) * np.pi / 12) for f in (np.cos, np.sin)], 1)  # overlaps itself


def mix(a, b, t):
    """From a (t = 0) to b (t = 1)."""
    return a + (b - a) * t


def xy(x, y):
    """Points (n, 2) of coordinates, of which one may be a number."""
    points = np.empty((max(np.size(x), np.size(y)), 2))
    points[:, 0], points[:, 1] = x, y
    return points


def ellipse(x, y, rx, ry):
    """Outline of an ellipse, (26, 2)."""
    return CIRCLE * (rx, ry) + (x, y)


def measures(dial, who):
    """Lengths of the face at its dial of proportions (child 0, old age 1)."""
    p = dial.proportions
    m = SimpleNamespace(
        half=mix(0.90, 0.81, p) * who.width,
        chin=mix(0.96, 1.24, p),
        eye_y=mix(0.24, -0.12, p),
        eye_x=mix(0.40, 0.35, p) * who.gap,
        eye_w=mix(0.245, 0.125, p) * who.eye,
        lips=mix(0.12, 0.03, p) * who.lips,
        mouth_w=mix(0.24, 0.36, p),
        nose_w=mix(0.11, 0.21, p) * who.nose,
        nose=mix(0.29, 0.66, p) * (0.8 + 0.2 * who.nose),
    )
    m.eye_h, m.brow_y = m.eye_w * mix(0.62, 0.42, p), m.eye_y - mix(0.31, 0.17, p)
    m.nose_y, m.mouth_y = m.eye_y + m.nose, mix(m.eye_y + m.nose, m.chin, 0.42)
    c, s = np.cos(np.linspace(0, np.pi, 41)), np.sin(np.linspace(0, np.pi, 41))
    m.low = xy(m.half * np.sign(c) * np.abs(c) ** (mix(1.0, 0.72, p) + who.jaw), m.chin * s)
    m.outline = np.concatenate([m.low, xy(m.half * c, -CROWN * s)[::-1]])
    return m


def hair(m, dial, who):
    """Hair behind the head and over the forehead at its hairline (fringe 0, receded 1)."""
    h = dial.hairline
    volume = who.volume * mix(1.35, 0.1 if who.male else 0.3, h)
    side, a = m.half + 0.85 * volume, np.linspace(np.pi, 2 * np.pi, 61)
    bump = (0.022 if who.curly else 0.007) * np.sin(np.outer(a, (23, 14)) + who.wave[:2]).sum(1)
    cap = xy(side * np.cos(a), (CROWN + volume) * np.sin(a)) * (1 + bump[:, None])
    lock = xy((side, 0.98 * side, 0.9 * side), who.length * np.array((0.5, 0.85, 1.0)))
    end, x = min(who.length, 0.75), np.linspace(1, -1, 61)
    r, top = np.abs(x), mix(-0.27, -1.20 if who.male else -0.86, h) + who.height
    y = top + (end - top) * np.clip((r - 0.55) / 0.45, 0, 1) ** mix(1.6, 3.2, h)
    y -= (0.30 if who.male else 0.12) * h * np.exp(-(((r - 0.55) / 0.2) ** 2))  # the temples
    y += (1 - r) * (who.tilt * x + 0.035 * (1 - h) * np.sin(11 * x + who.wave[3]))
    x = 0.99 * m.half * x
    y = np.maximum(y, -(CROWN + volume) * np.sqrt(1 - (x / side) ** 2))  # never above the hair
    front = np.concatenate([cap, [(side, end)], xy(x, y), [(-side, end)]])
    return np.concatenate([cap, lock, lock[::-1] * (-1, 1)]), front


def draw_features(m, who, now, skin, hair, draw):
    """Draw eyes, brows, nose, mouth and glasses."""

    def band(x, above, below):
        return np.concatenate([xy(x, above), xy(x, below)[::-1]])

    for side in (-1, 1):
        x, middle = side * m.eye_x + m.eye_w * T, side * m.eye_x + now.gaze * m.eye_w
        upper, lower = m.eye_y - m.eye_h * now.blink * ARCH**0.8, m.eye_y + 0.62 * m.eye_h * ARCH
        draw(band(x, upper, lower), mix(skin, EYE_WHITE, 0.75))
        for radius, colour in ((0.86, who.iris), (0.42, who.iris * 0.2)):
            ball = ellipse(middle, m.eye_y - 0.08 * m.eye_h, m.eye_h * radius, m.eye_h * radius)
            lids = [np.interp(ball[:, 0], x, lid) for lid in (upper, lower)]
            draw(xy(ball[:, 0], np.clip(ball[:, 1], *lids)), colour)
        draw(ellipse(middle + 0.04, m.eye_y - 0.35 * m.eye_h, 0.022, 0.022), EYE_WHITE)
        draw(xy(x, upper - 0.05), skin * 0.72, ON_SKIN, width=0.016)
        draw(xy(x, upper), skin * 0.25, width=0.022 if who.male else 0.032)
        x, y = side * (m.eye_x - 0.02 + 0.2 * T), m.brow_y - now.lift - 0.035 * ARCH + 0.025 * T
        thick = (0.042 if who.male else 0.028) * who.brow * (1 - 0.45 * np.maximum(T, 0))
        draw(band(x, y - thick, y + thick), mix(hair * 0.85, skin, 0.18))
        draw(ellipse(side * 0.08, m.nose_y + 0.01, 0.036, 0.022), skin * 0.5, ON_SKIN, 1.3)
        x, y = 0.78 + 0.24 * np.cos(1.6 * T), m.nose_y - 0.03 + 0.07 * np.sin(1.6 * T)
        draw(xy(side * m.nose_w * x, y), skin * 0.74, ON_SKIN, 1.2, 0.022)
        for ends in ((0, 0.1), (0.64, m.half)) if who.glasses else ():
            draw(xy(side * np.array(ends), m.eye_y), DARK, width=0.03)
            draw(ellipse(side * 0.37, m.eye_y + 0.03, 0.27, 0.21), DARK, width=0.028)
    lip = mix(skin, LIP_RED, 0.42 if who.male else 0.58)
    x, y = m.mouth_w * T, m.mouth_y + now.smile * (0.4 - 1.6 * T * T)
    bow = m.lips * (0.85 * ARCH**0.7 - 0.25 * np.exp(-((T / 0.18) ** 2)))
    draw(band(x, y - bow, y), lip * 0.88)
    draw(band(x, y, y + (now.open + 1.15 * m.lips) * ARCH), lip)
    draw(band(x, y, y + now.open * ARCH), (70, 26, 28))
    draw(band(x, y, y + 0.45 * now.open * ARCH)[3:-3], (232, 228, 218))
    draw(xy(x, y), lip * 0.45, width=0.02)


def relief(m, dial, who, place):
    """Soft light and shadow, about 1; and how dark folds and spots are, 0..1; both (224, 224)."""
    soft, folds = Image.new("L", (SIDE // 2, SIDE // 2), 128), Image.new("L", (SIDE, SIDE))
    shade, crease, run, lines = ImageDraw.Draw(soft), ImageDraw.Draw(folds), (T + 1) / 2, []
    for side in (-1, 1):
        for x, y, rx, ry, tone in (
            (0.95 * m.eye_x, m.eye_y - 0.03, 1.3 * m.eye_w, m.eye_h + 0.12, 98),
            (0.5 * m.half, m.nose_y - 0.08, 0.17, 0.14, 150),
            (0, -0.62, 0.36, 0.2, 142),
            (0.75 * m.nose_w, m.nose_y - 0.4 * m.nose, 0.05, 0.4 * m.nose, 92),
            (0, m.nose_y + 0.06, m.nose_w, 0.07, 80),
            (0, m.chin - 0.14, 0.16, 0.09, 146),
            (0, m.nose_y - 0.5 * m.nose, 0.035, 0.5 * m.nose, 178),
            (0, m.nose_y - 0.08, 0.5 * m.nose_w, 0.07, 176),
            (0, m.mouth_y + m.lips + 0.11, 0.17, 0.05, 92),
        ):
            shade.polygon(place(ellipse(side * x, y, rx, ry), 1.2, 0.5), tone)
        # wrinkles set in one after another: the dial's value at the onset, then the line
        fold = m.nose_w + 0.03 + (m.mouth_w - 0.09) * run + 0.03 * ARCH  # nose to mouth
        lines.append((0.12, side * fold, mix(m.nose_y - 0.07, m.mouth_y + 0.05, run)))
        lines.append((0.40, side * 0.07, m.brow_y + 0.09 + 0.09 * T))  # frown
        for k, (a, b, c) in enumerate(who.lines):  # half the forehead, crow's feet, eye bags
            y = m.brow_y - 0.13 - 0.125 * k + 0.012 * np.cos(5 * side * run + b) + 0.04 * run * run
            lines.append((0.22 + 0.11 * k, side * m.half * (0.62 - 0.05 * k + 0.03 * a) * run, y))
            y = m.eye_y + 0.02 + 0.19 * run * ((0.05, -0.55, 0.6, -1.0)[k] + 0.08 * c)
            lines.append((0.22 + 0.1 * k, side * (m.eye_x + m.eye_w + 0.05 + 0.19 * run), y))
            y = m.eye_y + m.eye_h + 0.07 + 0.075 * (k % 2) + 0.06 * ARCH
            lines.append((0.18 + 0.2 * (k % 2), side * m.eye_x + 1.1 * m.eye_w * T, y))
    for onset, x, y in lines:
        if dial.wrinkles <= onset:
            continue
        depth = min(1.0, (dial.wrinkles - onset) / 0.62)
        crease.line(place(xy(x, y), 1, 1), int(240 * depth**0.8), round(1.6 + 2.6 * depth))
    for x, y, size, onset in who.spots:
        grown = max(0.0, dial.skin - 0.15 - 0.4 * onset)
        x, y, r = (1.5 * x - 0.75) * m.half, mix(-0.85, 0.7 * m.chin, y), 0.033 + 0.045 * size
        spot = place(ellipse(x, y, r * grown**0.4, r * grown**0.4), 0.8, 1)
        crease.polygon(spot, int(min(130, 260 * grown)))
    soft = soft.filter(ImageFilter.GaussianBlur(2.2)).resize((SIDE, SIDE), 2)
    folds = np.asarray(folds.filter(ImageFilter.GaussianBlur(1.1))) / np.float32(255)
    return 0.45 + np.asarray(soft) * np.float32(1.1 / 255), folds
