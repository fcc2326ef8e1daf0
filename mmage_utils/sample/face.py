"""Schematic face crops whose apparent age is set by five separate dials.

Faces are painted with PIL at twice the size, reduced, and then lit in numpy. Shapes live in face
units: x to the right, y down, the origin between the cheekbones, the crown at y = -1.12.
"""

import io
from types import SimpleNamespace

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

DIALS = ("proportions", "skin", "wrinkles", "grey", "hairline")
SIDE, CROWN, DULLING = 224, 1.12, np.array((0.16, 0.20, 0.24))  # what age takes off skin tone
# light to deep; every ethnicity draws a position on the same ramps, from overlapping ranges
SKINS = np.array([(248, 218, 198), (238, 196, 168), (212, 162, 127), (150, 104, 76), (104, 68, 50)])
HAIRS = np.array([(30, 23, 22), (58, 36, 26), (104, 62, 34), (158, 106, 54), (208, 164, 92)])
IRISES = np.array([(62, 40, 28), (92, 62, 38), (88, 104, 72), (84, 120, 150)])
# per ethnicity: skin mean and spread, hair mean and spread, last iris, odds of curls, of a beard
RANGES = {
    1: (1.2, 0.4, 0.5, 0.5, 1.2, 0.1, 0.3),
    2: (0.7, 0.45, 2.0, 1.1, 3.0, 0.25, 0.5),
    3: (2.9, 0.55, 0.4, 0.5, 1.2, 0.6, 0.5),
}
WHITE, EYE_WHITE, LIP_RED, ROSE, DARK = np.array(
    [(232, 231, 228), (246, 243, 240), (176, 62, 70), (215, 95, 95), (58, 50, 48)], float
)
ON_SKIN, ON_HAIR, OTHER = 255, 128, 0  # what a pixel shows, kept in a fourth band
T, ARCH = np.linspace(-1, 1, 15), 1 - np.linspace(-1, 1, 15) ** 2
CIRCLE = np.stack([f(np.arange(26) * np.pi / 12) for f in (np.cos, np.sin)], 1)  # overlaps itself


def _mix(a, b, t):
    return a + (b - a) * t


def _xy(x, y):
    points = np.empty((max(np.size(x), np.size(y)), 2))
    points[:, 0], points[:, 1] = x, y
    return points


def _ellipse(x, y, rx, ry):
    return CIRCLE * (rx, ry) + (x, y)


def _traits(identity, male, ethnicity):
    """What one person keeps; every draw is made whatever the arguments, in one order."""
    rng = np.random.default_rng([identity, 1])
    z, u = np.clip(rng.standard_normal(14), -2, 2).tolist(), rng.random(8).tolist()
    skin, skin_sd, hair, hair_sd, iris, curls, beard = RANGES[ethnicity]
    curly, strands = u[0] < curls, rng.standard_normal(512)

    def ramp(stops, position):
        return np.array([np.interp(position, range(len(stops)), plane) for plane in stops.T])

    return SimpleNamespace(
        male=male,
        skin=ramp(SKINS, skin + skin_sd * z[0]) * (1 + 0.02 * np.array(z[1:4])),
        hair=ramp(HAIRS, max(0.0, hair + hair_sd * z[4])),
        iris=ramp(IRISES, iris * u[2]),
        curly=curly,
        volume=0.12 + 0.09 * u[3] + 0.08 * curly,
        wave=(6.28 * rng.random(4)).tolist(),
        length=(-0.1 + 0.35 * u[1] if male else 0.2 + 1.3 * u[1]) * (0.75 if curly else 1.0),
        strands=np.convolve(strands, (0.2, 0.4, 0.5, 0.4, 0.2), "same").astype(np.float32),
        width=1 + 0.035 * z[5],
        jaw=0.04 * z[6] - 0.05 * male,
        eye=1 + 0.05 * z[7],
        gap=1 + 0.04 * z[8],
        nose=1 + 0.09 * z[9],
        lips=1 + 0.12 * z[10],
        brow=1 + 0.15 * z[11],
        tilt=0.2 * z[12],
        height=0.04 * z[13],
        glasses=u[4] < 0.16,
        beard=(0.3 + 0.35 * u[5]) * (male and u[6] < beard),  # from stubble to full
        wall=60 + 140 * u[7] + 40 * rng.random(3),
        spots=rng.random((30, 4)).tolist(),
        lines=rng.standard_normal((4, 3)).tolist(),
    )


def _scene(clip):
    """What changes from clip to clip: pose, expression, light and camera."""
    rng = np.random.default_rng([clip, 2])
    z, u = np.clip(rng.standard_normal(11), -2.2, 2.2).tolist(), rng.random(11).tolist()
    return SimpleNamespace(
        rng=rng,
        shift=(4 * z[0], 4 * z[1]),
        turn=0.06 * z[2],
        scale=1 + 0.035 * z[3],
        yaw=0.09 * z[4],
        nod=0.03 * z[5],
        open=max(0.0, u[1] - 0.45) * 0.24,
        gaze=0.12 * z[8],
        smile=0.02 + 0.03 * z[6],
        lift=0.02 * z[7],
        blink=1 - 0.25 * u[2] ** 3,
        hidden=u[9],
        lamp=6.28 * u[0],
        bright=0.06 + 0.14 * u[3],
        tint=25 * (np.array(u[4:7]) - 0.5),
        warmth=0.03 * z[9],
        exposure=float(np.exp(0.09 * z[10])),
        noise=1.5 + 5 * u[8],
        blur=1.3 * u[7],
        side=1 if u[10] < 0.5 else -1,
    )


def _measures(p, who):
    """Lengths of the face at proportions dial `p` (child 0, old age 1)."""
    m = SimpleNamespace(
        half=_mix(0.90, 0.81, p) * who.width,
        chin=_mix(0.96, 1.24, p),
        eye_y=_mix(0.24, -0.12, p),
        eye_x=_mix(0.40, 0.35, p) * who.gap,
        eye_w=_mix(0.245, 0.125, p) * who.eye,
        lips=_mix(0.12, 0.03, p) * who.lips,
        mouth_w=_mix(0.24, 0.36, p),
        nose_w=_mix(0.11, 0.21, p) * who.nose,
        nose=_mix(0.29, 0.66, p) * (0.8 + 0.2 * who.nose),
    )
    m.eye_h, m.brow_y = m.eye_w * _mix(0.62, 0.42, p), m.eye_y - _mix(0.31, 0.17, p)
    m.nose_y, m.mouth_y = m.eye_y + m.nose, _mix(m.eye_y + m.nose, m.chin, 0.42)
    c, s = np.cos(np.linspace(0, np.pi, 41)), np.sin(np.linspace(0, np.pi, 41))
    m.low = _xy(m.half * np.sign(c) * np.abs(c) ** (_mix(1.0, 0.72, p) + who.jaw), m.chin * s)
    m.outline = np.concatenate([m.low, _xy(m.half * c, -CROWN * s)[::-1]])
    return m


def _hair_shapes(m, h, who):
    """Hair behind the head and over the forehead at hairline dial `h` (fringe 0, receded 1)."""
    volume = who.volume * _mix(1.35, 0.1 if who.male else 0.3, h)
    side, a = m.half + 0.85 * volume, np.linspace(np.pi, 2 * np.pi, 61)
    bump = (0.022 if who.curly else 0.007) * np.sin(np.outer(a, (23, 14)) + who.wave[:2]).sum(1)
    cap = _xy(side * np.cos(a), (CROWN + volume) * np.sin(a)) * (1 + bump[:, None])
    lock = _xy((side, 0.98 * side, 0.9 * side), who.length * np.array((0.5, 0.85, 1.0)))
    end, x = min(who.length, 0.75), np.linspace(1, -1, 61)
    r, top = np.abs(x), _mix(-0.27, -1.20 if who.male else -0.86, h) + who.height
    y = top + (end - top) * np.clip((r - 0.55) / 0.45, 0, 1) ** _mix(1.6, 3.2, h)
    y -= (0.30 if who.male else 0.12) * h * np.exp(-(((r - 0.55) / 0.2) ** 2))  # the temples
    y += (1 - r) * (who.tilt * x + 0.035 * (1 - h) * np.sin(11 * x + who.wave[3]))
    x = 0.99 * m.half * x
    y = np.maximum(y, -(CROWN + volume) * np.sqrt(1 - (x / side) ** 2))  # never above the hair
    front = np.concatenate([cap, [(side, end)], _xy(x, y), [(-side, end)]])
    return np.concatenate([cap, lock, lock[::-1] * (-1, 1)]), front


def _features(m, who, now, skin, hair, draw):
    """Eyes, brows, nose, mouth and glasses."""

    def band(x, above, below):
        return np.concatenate([_xy(x, above), _xy(x, below)[::-1]])

    for side in (-1, 1):
        x, middle = side * m.eye_x + m.eye_w * T, side * m.eye_x + now.gaze * m.eye_w
        upper, lower = m.eye_y - m.eye_h * now.blink * ARCH**0.8, m.eye_y + 0.62 * m.eye_h * ARCH
        draw(band(x, upper, lower), _mix(skin, EYE_WHITE, 0.75))
        for radius, colour in ((0.86, who.iris), (0.42, who.iris * 0.2)):
            ball = _ellipse(middle, m.eye_y - 0.08 * m.eye_h, m.eye_h * radius, m.eye_h * radius)
            lids = [np.interp(ball[:, 0], x, lid) for lid in (upper, lower)]
            draw(_xy(ball[:, 0], np.clip(ball[:, 1], *lids)), colour)
        draw(_ellipse(middle + 0.04, m.eye_y - 0.35 * m.eye_h, 0.022, 0.022), EYE_WHITE)
        draw(_xy(x, upper - 0.05), skin * 0.72, ON_SKIN, width=0.016)
        draw(_xy(x, upper), skin * 0.25, width=0.022 if who.male else 0.032)
        x, y = side * (m.eye_x - 0.02 + 0.2 * T), m.brow_y - now.lift - 0.035 * ARCH + 0.025 * T
        thick = (0.042 if who.male else 0.028) * who.brow * (1 - 0.45 * np.maximum(T, 0))
        draw(band(x, y - thick, y + thick), _mix(hair * 0.85, skin, 0.18))
        draw(_ellipse(side * 0.08, m.nose_y + 0.01, 0.036, 0.022), skin * 0.5, ON_SKIN, 1.3)
        x, y = 0.78 + 0.24 * np.cos(1.6 * T), m.nose_y - 0.03 + 0.07 * np.sin(1.6 * T)
        draw(_xy(side * m.nose_w * x, y), skin * 0.74, ON_SKIN, 1.2, 0.022)
        for ends in ((0, 0.1), (0.64, m.half)) if who.glasses else ():
            draw(_xy(side * np.array(ends), m.eye_y), DARK, width=0.03)
            draw(_ellipse(side * 0.37, m.eye_y + 0.03, 0.27, 0.21), DARK, width=0.028)
    lip = _mix(skin, LIP_RED, 0.42 if who.male else 0.58)
    x, y = m.mouth_w * T, m.mouth_y + now.smile * (0.4 - 1.6 * T * T)
    bow = m.lips * (0.85 * ARCH**0.7 - 0.25 * np.exp(-((T / 0.18) ** 2)))
    draw(band(x, y - bow, y), lip * 0.88)
    draw(band(x, y, y + (now.open + 1.15 * m.lips) * ARCH), lip)
    draw(band(x, y, y + now.open * ARCH), (70, 26, 28))
    draw(band(x, y, y + 0.45 * now.open * ARCH)[3:-3], (232, 228, 218))
    draw(_xy(x, y), lip * 0.45, width=0.02)


def _relief(m, s, w, who, place):
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
            shade.polygon(place(_ellipse(side * x, y, rx, ry), 1.2, 0.5), tone)
        # wrinkles set in one after another: the dial's value at the onset, then the line
        fold = m.nose_w + 0.03 + (m.mouth_w - 0.09) * run + 0.03 * ARCH  # nose to mouth
        lines.append((0.12, side * fold, _mix(m.nose_y - 0.07, m.mouth_y + 0.05, run)))
        lines.append((0.40, side * 0.07, m.brow_y + 0.09 + 0.09 * T))  # frown
        for k, (a, b, c) in enumerate(who.lines):  # half the forehead, crow's feet, eye bags
            y = m.brow_y - 0.13 - 0.125 * k + 0.012 * np.cos(5 * side * run + b) + 0.04 * run * run
            lines.append((0.22 + 0.11 * k, side * m.half * (0.62 - 0.05 * k + 0.03 * a) * run, y))
            y = m.eye_y + 0.02 + 0.19 * run * ((0.05, -0.55, 0.6, -1.0)[k] + 0.08 * c)
            lines.append((0.22 + 0.1 * k, side * (m.eye_x + m.eye_w + 0.05 + 0.19 * run), y))
            y = m.eye_y + m.eye_h + 0.07 + 0.075 * (k % 2) + 0.06 * ARCH
            lines.append((0.18 + 0.2 * (k % 2), side * m.eye_x + 1.1 * m.eye_w * T, y))
    for depth, x, y in ((min(1.0, (w - onset) / 0.62), x, y) for onset, x, y in lines if w > onset):
        crease.line(place(_xy(x, y), 1, 1), int(240 * depth**0.8), round(1.6 + 2.6 * depth))
    for x, y, size, onset in who.spots:
        grown = max(0.0, s - 0.15 - 0.4 * onset)
        x, y, r = (1.5 * x - 0.75) * m.half, _mix(-0.85, 0.7 * m.chin, y), 0.033 + 0.045 * size
        spot = place(_ellipse(x, y, r * grown**0.4, r * grown**0.4), 0.8, 1)
        crease.polygon(spot, int(min(130, 260 * grown)))
    soft = soft.filter(ImageFilter.GaussianBlur(2.2)).resize((SIDE, SIDE), 2)
    folds = np.asarray(folds.filter(ImageFilter.GaussianBlur(1.1))) / np.float32(255)
    return 0.45 + np.asarray(soft) * np.float32(1.1 / 255), folds


def _light(paint, soft, folds, who, now, m, x, y, skin, s, g, h):
    """Texture, light and photograph the painted layers; `x` and `y` are the pixels' places."""
    grains = [now.rng.standard_normal((n, n), dtype=np.float32) for n in (4, 16, 44, 60)]
    grains = [np.asarray(Image.fromarray(grain).resize((SIDE, SIDE), 2)) for grain in grains]
    bands = np.asarray(paint.reduce(2)).transpose(2, 0, 1).astype(np.float32, order="C")
    rgb, code = bands[:3], bands[3] / 127.5 - 1
    on_skin, on_hair, rest = np.maximum(code, 0), 1 - np.abs(code), np.maximum(-code, 0)
    body = 0.7 + 0.36 * np.sqrt(np.maximum(0, 1 - (x / (1.15 * m.half)) ** 2 - (y / 1.3) ** 2))
    body += now.bright * (x * float(np.cos(now.lamp)) + y * float(np.sin(now.lamp)))
    # skin: blushing when young, mottled and creased when old
    soft *= 1 + 0.07 * s**1.6 * (grains[1] + grains[2])
    soft *= (1 - 0.5 * folds) * (1 + 0.12 * np.roll(folds, 2, axis=0))
    blush = ((np.abs(x) - 0.5 * m.half) / 0.2) ** 2 + ((y - m.nose_y + 0.1) / 0.17) ** 2
    blush = (1 - s) * 0.3 * on_skin / (1 + blush) ** 2
    # hair: curls are plain noise, straight hair falls in strands; grey comes in streaks
    fan = (90 * x / np.maximum(y + 1.9, 0.3)).astype(np.int32) & 511
    strand = 0.6 * grains[3] if who.curly else who.strands[fan]
    tone = 0.95 + (0.1 + 0.2 * g * (1 - g)) * strand - 0.1 * y
    thin = min(1.2, max(0.0, 1.76 * (h - 0.3))) * np.clip(-0.35 - y, 0, 0.5) * (1 + 0.8 * strand)
    thin = np.minimum(thin, 0.85) * on_hair * (1.0 if who.male else 0.5)
    shade = (body * (on_skin * soft + on_hair * tone) + rest * (1 + 0.1 * grains[0])) * now.exposure
    for k, plane in enumerate(rgb):
        plane += thin * (float(skin[k]) - plane) + blush * (float(ROSE[k]) - plane)
        plane *= shade * (1 + now.warmth * (1 - k))
    rgb += 3.5 * now.noise * (now.rng.random(rgb.shape, dtype=np.float32) - 0.5)
    photo = Image.fromarray(np.clip(rgb, 0, 255).astype(np.uint8).transpose(1, 2, 0).copy())
    return np.array(photo.filter(ImageFilter.BoxBlur(now.blur)))


def draw_face(dials, *, gender, ethnicity, identity, clip):
    """Draw one face crop.

    Parameters
    ----------
    dials : mapping of str to float
        The five cues of `DIALS`, each an apparent age on the log-year scale where 0 is 7 years
        and 1 is 80 years; values outside [0, 1] are clipped.
    gender, ethnicity : int
        1 male, 2 female; 1 Asian, 2 Caucasian, 3 African-American.
    identity, clip : int
        Seeds (0 or more) of what one person keeps, and of what changes between their clips.

    Returns
    -------
    numpy.ndarray
        RGB picture, shape (224, 224, 3), uint8.

    Raises
    ------
    KeyError, ValueError
        If a dial is missing; if a code is none of the above or a seed is negative.
    """
    if gender not in (1, 2) or ethnicity not in RANGES:
        raise ValueError(f"unknown gender {gender!r} or ethnicity {ethnicity!r}")
    p, s, w, g, h = (min(1.0, max(0.0, float(dials[name]))) for name in DIALS)
    who, now = _traits(identity, gender == 1, ethnicity), _scene(clip)
    m = _measures(p, who)
    skin = _mix(who.skin.mean(), who.skin, _mix(1.35, 0.7, s)) * (1.06 - DULLING * s)
    hair = _mix(who.hair, WHITE, g**1.6)
    scale = 192 / (CROWN + m.chin) * now.scale
    cx, cy = 112 + now.shift[0], 24 + CROWN * scale / now.scale + now.shift[1]
    cos, sin = float(np.cos(now.turn)), float(np.sin(now.turn))
    paint = Image.new("CMYK", (2 * SIDE, 2 * SIDE))  # four plain bands: RGBA would weigh by alpha
    brush = ImageDraw.Draw(paint)

    def place(points, depth, zoom):
        x, y = np.asarray(points, float).T
        x, y = x + depth * now.yaw * (1.1 - x * x), y + depth * now.nod  # the nose swings most
        x, y = cx + scale * (x * cos - y * sin), cy + scale * (x * sin + y * cos)
        return (_xy(x, y) * zoom).ravel().tolist()

    def draw(points, colour, code=OTHER, depth=1.0, width=0.0):
        ink = (*(min(255, max(0, int(c))) for c in colour), code)
        if width:
            brush.line(place(points, depth, 2), ink, max(1, round(2 * scale * width)), "curve")
        else:
            brush.polygon(place(points, depth, 2), ink)

    back, front = _hair_shapes(m, h, who)
    draw([(-9, -9), (9, -9), (9, 9), (-9, 9)], who.wall + now.tint, OTHER, 0)
    draw(back, hair * 0.72, ON_HAIR, -0.3)
    draw(_ellipse(0, 1.3, 0.62 * m.half, 1.5), skin * 0.76, ON_SKIN, -0.2)  # neck
    for side in (-m.half, m.half):
        draw(_ellipse(1.02 * side, m.eye_y + 0.16, 0.1, 0.2), skin * 0.88, ON_SKIN, -0.2)
    draw(m.outline, skin, ON_SKIN, 0.1)
    cover = min(1.0, max(0.0, (p - 0.38) / 0.12)) * who.beard
    for k in (0, 1, 2) if cover else ():  # three coats, for a soft edge
        rim = _xy(0.85 * m.half * T, m.mouth_y - m.lips - 0.1 - 0.2 * T * T + 0.03 * k)
        coat = _mix(skin, 0.9 * hair, cover * (k + 2) / 3)
        draw(np.concatenate([m.low, rim]), coat, ON_SKIN, 0.1)
    _features(m, who, now, skin, hair, draw)
    draw(front, hair, ON_HAIR, 0.1)
    if now.hidden < 0.05:  # a microphone, or a dark edge in the way
        edge = _xy(now.side * np.array((1.5, 0.75, 0.6, 1.5)), (-2, -2, 2, 2))
        microphone = _ellipse(now.side * 0.28, m.chin - 0.06, 0.19, 0.23)
        draw(microphone if now.hidden < 0.025 else edge, DARK, OTHER, 0)
    soft, folds = _relief(m, s, w, who, place)
    dx = (np.arange(SIDE, dtype=np.float32) - cx) / scale
    dy = (np.arange(SIDE, dtype=np.float32)[:, None] - cy) / scale
    x, y = dx * cos + dy * sin, dy * cos - dx * sin
    return _light(paint, soft, folds, who, now, m, x, y, skin, s, g, h)


def encode_jpeg(image, *, clip):
    """Compress a face crop as a camera would.

    Parameters
    ----------
    image : numpy.ndarray
        RGB picture, shape (height, width, 3), uint8.
    clip : int
        Seed (0 or more) of the quality, drawn from 70 to 95.

    Returns
    -------
    bytes
        A JPEG file.
    """
    quality, out = int(np.random.default_rng([clip, 4]).integers(70, 96)), io.BytesIO()
    Image.fromarray(image).save(out, "JPEG", quality=quality)
    return out.getvalue()
