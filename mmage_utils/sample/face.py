"""Schematic face crops whose apparent age is set by five separate dials.

Faces are painted with PIL at twice the size, reduced, and then lit in numpy. Shapes live in face
units: x to the right, y down, the origin between the cheekbones, the crown at y = -1.12.
"""

import io
from types import SimpleNamespace

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

DIALS = ("proportions", "skin", "wrinkles", "grey", "hairline")

SIDE = 224
CROWN = 1.12
# Light to deep; every ethnicity draws a position on the same ramps, with overlapping ranges.
SKIN_RAMP = np.array(
    [
        (248, 218, 198),
        (238, 196, 168),
        (221, 172, 138),
        (188, 134, 100),
        (142, 96, 70),
        (104, 68, 50),
    ],
    float,
)
HAIR_RAMP = np.array(
    [(30, 23, 22), (58, 36, 26), (98, 60, 34), (136, 70, 34), (166, 120, 62), (208, 164, 92)],
    float,
)
WHITE_HAIR = np.array((228, 227, 224), float)
SKIN_RANGE = {1: (1.3, 0.5), 2: (0.7, 0.5), 3: (3.5, 0.7)}  # ramp position: mean, spread
HAIR_RANGE = {1: (0.5, 0.5), 2: (2.4, 1.4), 3: (0.4, 0.5)}
CURLY = {1: 0.1, 2: 0.25, 3: 0.6}
BEARDED = {1: 0.3, 2: 0.5, 3: 0.5}
IRIS = np.array([(62, 40, 28), (92, 62, 38), (88, 104, 72), (84, 120, 150)], float)
SKIN, HAIR, OTHER = (255, 0, 0), (0, 255, 0), (0, 0, 0)  # codes in the mask picture


def _mix(a, b, t):
    return a + (b - a) * t


def _ramp(stops, position):
    grid = np.arange(len(stops))
    return np.array([np.interp(position, grid, stops[:, c]) for c in range(3)])


def _rgb(colour):
    return tuple(int(c) for c in np.clip(colour, 0, 255))


def _traits(identity, gender, ethnicity):
    """What stays with one person; every draw is made whatever the arguments, in one order."""
    rng = np.random.default_rng([identity, 1])
    z, u = rng.standard_normal(16), rng.random(16)
    male = gender == 1
    mean, spread = SKIN_RANGE[ethnicity]
    skin = _ramp(SKIN_RAMP, mean + spread * np.clip(z[0], -2, 2)) * (1 + 0.02 * z[1:4])
    mean, spread = HAIR_RANGE[ethnicity]
    hair = _ramp(HAIR_RAMP, max(0.0, mean + spread * np.clip(z[4], -1.6, 1.6)))
    eye_last = 3.0 if ethnicity == 2 else 1.2
    curly = u[0] < CURLY[ethnicity]
    length = (-0.1 + 0.35 * u[1]) if male else (0.2 + 1.3 * u[1])
    return SimpleNamespace(
        male=male,
        skin=skin,
        hair=hair,
        iris=_ramp(IRIS, eye_last * u[2]),
        curly=curly,
        length=length * (0.75 if curly else 1.0),
        volume=0.13 + 0.09 * u[3] + 0.08 * curly,
        width=1 + 0.035 * z[5],
        jaw=0.04 * z[6],
        eye=1 + 0.05 * z[7],
        gap=1 + 0.04 * z[8],
        nose=1 + 0.09 * z[9],
        lips=1 + 0.12 * z[10],
        brow=1 + 0.15 * z[11],
        tilt=0.10 * z[12],
        height=0.04 * z[13],
        wave=rng.random(8) * 6.28,
        glasses=u[4] < 0.16,
        frame=_mix(np.array((40, 36, 38)), np.array((120, 80, 50)), u[5]),
        beard=0 if not male or u[6] > BEARDED[ethnicity] else 1 + int(u[7] * 3),
        cloth=40 + 180 * rng.random(3),
        wall=70 + 150 * rng.random(3),
        spots=rng.random((40, 4)),
        lines=rng.standard_normal((16, 3)),
    )


def _scene(clip):
    """What changes from clip to clip: pose, expression, light and camera."""
    rng = np.random.default_rng([clip, 2])
    z, u = np.clip(rng.standard_normal(12), -2.2, 2.2), rng.random(12)
    angle = u[0] * 2 * np.pi
    return SimpleNamespace(
        rng=rng,
        shift=4.0 * z[:2],
        turn=0.06 * z[2],
        scale=1 + 0.035 * z[3],
        yaw=0.09 * z[4],
        nod=0.03 * z[5],
        open=max(0.0, u[1] - 0.45) * 0.24,
        smile=0.02 + 0.03 * z[6],
        lift=0.02 * z[7],
        blink=1 - 0.25 * u[2] ** 3,
        gaze=0.12 * z[8],
        light=np.array((np.cos(angle), np.sin(angle))) * (0.06 + 0.14 * u[3]),
        warmth=0.045 * z[9],
        exposure=np.exp(0.09 * z[10]),
        tint=25 * (u[4:7] - 0.5),
        blur=1.2 * u[7],
        noise=1.5 + 5.0 * u[8],
        occlusion=int(u[9] * 60),
        side=np.sign(u[10] - 0.5),
    )


def _measures(p, who):
    """Lengths of the face in face units at proportions dial `p` (child 0, old age 1)."""
    m = SimpleNamespace(
        half=_mix(0.94, 0.80, p) * who.width,
        chin=_mix(0.93, 1.24, p),
        jaw=_mix(1.02, 0.74, p) + who.jaw - 0.05 * who.male,
        eye_y=_mix(0.23, -0.12, p),
        eye_x=_mix(0.40, 0.35, p) * who.gap,
        eye_w=_mix(0.245, 0.125, p) * who.eye,
        brow=_mix(0.30, 0.17, p),
        lips=_mix(0.115, 0.03, p) * who.lips,
        mouth_w=_mix(0.24, 0.36, p),
        nose_w=_mix(0.11, 0.21, p) * who.nose,
    )
    m.eye_h = m.eye_w * _mix(0.66, 0.42, p)
    m.brow_y = m.eye_y - m.brow
    m.nose_y = m.eye_y + _mix(0.30, 0.66, p) * (0.75 + 0.25 * who.nose)
    m.mouth_y = m.nose_y + 0.42 * (m.chin - m.nose_y)
    return m


def _face_outline(m):
    a = np.linspace(0, np.pi, 41)
    c, s = np.cos(a), np.sin(a)
    low = np.stack([m.half * np.sign(c) * np.abs(c) ** m.jaw, m.chin * s], 1)
    return low, np.concatenate([low, np.stack([-m.half * c, -CROWN * s], 1)])


def _ellipse(x, y, rx, ry, n=28):
    a = np.linspace(0, 2 * np.pi, n, endpoint=False)
    return np.stack([x + rx * np.cos(a), y + ry * np.sin(a)], 1)


def _hair_shapes(m, h, who):
    """Hair behind the head and hair over the forehead, at hairline dial `h` (fringe 0, bald 1)."""
    volume = who.volume * (_mix(1.3, 0.1, h) if who.male else _mix(1.45, 0.3, h))
    a = np.linspace(np.pi, 2 * np.pi, 61)
    bump = 1 + (0.025 if who.curly else 0.006) * np.sin(23 * a + who.wave[0])
    bump += (0.02 if who.curly else 0.008) * np.sin(13 * a + who.wave[1])
    cap = np.stack([(m.half + 0.85 * volume) * np.cos(a), (CROWN + volume) * np.sin(a)], 1)
    cap *= bump[:, None]
    flare = 1.0 + 0.06 * np.sin(who.wave[2])
    side = m.half + 0.85 * volume
    down = np.array([(side * flare, who.length * 0.6), (side * 0.93 * flare, who.length)])
    back = np.concatenate([cap, down, down[::-1] * (-1, 1)])
    top = (_mix(-0.28, -1.22, h) if who.male else _mix(-0.26, -0.86, h)) + who.height
    end = min(who.length, 0.75)
    x = np.linspace(1, -1, 61)
    r = np.abs(x)
    line = top + (end - top) * np.clip((r - 0.55) / 0.45, 0, 1) ** _mix(1.6, 3.2, h)
    line -= (0.34 if who.male else 0.14) * h * np.exp(-(((r - 0.55) / 0.2) ** 2))
    line += who.tilt * x * (1 - r) * 2
    line += 0.035 * (1 - r) * (1 - h) * np.sin(11 * x + who.wave[3])
    line = np.stack([0.99 * m.half * x, line], 1)
    return back, np.concatenate([cap, [(side, end)], line, [(-side, end)]])


def _wrinkles(m, w, who):
    """Lines (points, strength 0..1) at wrinkles dial `w`; they set in one after another."""
    t = np.linspace(-1, 1, 13)
    jitter = iter(who.lines)
    out = []

    def add(start, x, y, full=1.0):
        out.append((np.stack([x, y], 1), full * np.clip((w - start) / 0.6, 0, 1)))

    for k, start in enumerate((0.18, 0.30, 0.42, 0.54)):
        j = next(jitter)
        width = m.half * (0.62 - 0.05 * k + 0.03 * j[0])
        y = m.brow_y - 0.13 - 0.125 * k + 0.012 * np.cos(5 * t + j[1]) + 0.04 * t * t
        add(start, width * t, y)
    for side in (-1, 1):
        start_y = m.nose_y - 0.07
        drop = (t + 1) / 2
        x = side * (m.nose_w + 0.03 + (m.mouth_w - 0.06) * drop**0.8)
        add(0.12, x, start_y + (m.mouth_y + 0.05 - start_y) * drop, 1.2)
        add(
            0.45, side * (m.mouth_w + 0.05) + 0.03 * side * drop, m.mouth_y + 0.06 + 0.2 * drop, 0.9
        )
        for k, start in enumerate((0.15, 0.36)):  # eye bags
            y = m.eye_y + m.eye_h + 0.07 + 0.075 * k + 0.06 * (1 - t * t)
            add(start, side * m.eye_x + m.eye_w * 1.1 * t, y, 1.1)
        for k, start in enumerate((0.2, 0.3, 0.4, 0.55)):  # crow's feet
            slope = (0.05, -0.55, 0.6, -1.0)[k] + 0.08 * next(jitter)[2]
            run = 0.19 * drop
            add(start, side * (m.eye_x + m.eye_w + 0.05 + run), m.eye_y + slope * run + 0.02)
        add(0.38, side * 0.07 + 0 * t, m.brow_y + 0.09 + 0.09 * t, 0.9)  # frown
    return out


def _grid(rng, cells, spread=1.0):
    """Smooth noise of the picture's size, about unit spread."""
    small = rng.standard_normal((cells, cells), dtype=np.float32) * spread
    return np.asarray(Image.fromarray(small).resize((SIDE, SIDE), Image.Resampling.BICUBIC))


def draw_face(dials, *, gender, ethnicity, identity, clip):
    """Draw one face crop.

    Parameters
    ----------
    dials : mapping of str to float
        The five cues of `DIALS`, each an apparent age on the log-year scale where 0 is 7 years
        and 1 is 80 years; values outside [0, 1] are clipped.
    gender : int
        1 male, 2 female.
    ethnicity : int
        1 Asian, 2 Caucasian, 3 African-American.
    identity : int
        Seed of what one person keeps: tones, hair, build, glasses, beard.
    clip : int
        Seed of what changes between clips: pose, expression, light, background, camera.

    Returns
    -------
    numpy.ndarray
        RGB picture, shape (224, 224, 3), uint8.

    Raises
    ------
    KeyError
        If a dial is missing.
    ValueError
        If `gender` or `ethnicity` is not one of the codes above.
    """
    if gender not in (1, 2) or ethnicity not in (1, 2, 3):
        raise ValueError(f"unknown gender {gender!r} or ethnicity {ethnicity!r}")
    p, s, w, g, h = (min(1.0, max(0.0, float(dials[name]))) for name in DIALS)
    who, now = _traits(identity, gender, ethnicity), _scene(clip)
    m = _measures(p, who)
    skin = who.skin.mean() + (who.skin - who.skin.mean()) * _mix(1.3, 0.62, s)
    skin = skin * _mix(1.05, 0.86, s)
    hair = _mix(who.hair, WHITE_HAIR, 0.97 * g**1.15)

    scale = 192 / (CROWN + m.chin) * now.scale
    centre = np.array((112, 24 + CROWN * scale / now.scale)) + now.shift
    cos, sin = np.cos(now.turn) * scale, np.sin(now.turn) * scale

    def place(points, depth, zoom):
        x, y = np.asarray(points, float).T
        x = x + depth * now.yaw * (1.1 - x * x)  # what stands further out swings further
        y = y + depth * now.nod
        xy = np.stack([x * cos - y * sin, x * sin + y * cos], 1) + centre
        return (xy * zoom).ravel().tolist()

    wall = who.wall + now.tint
    paint = Image.new("RGB", (2 * SIDE, 2 * SIDE), _rgb(wall))
    codes = Image.new("RGB", paint.size, OTHER)
    brush, coder = ImageDraw.Draw(paint), ImageDraw.Draw(codes)

    def fill(points, colour, code, depth=1.0):
        flat = place(points, depth, 2)
        brush.polygon(flat, fill=_rgb(colour))
        coder.polygon(flat, fill=code)

    def stroke(points, colour, width, code=OTHER, depth=1.0):
        flat, px = place(points, depth, 2), max(1, round(2 * scale * width))
        brush.line(flat, fill=_rgb(colour), width=px, joint="curve")
        coder.line(flat, fill=code, width=px, joint="curve")

    low, outline = _face_outline(m)
    back, front = _hair_shapes(m, h, who)
    fill(back, hair * 0.72, HAIR, -0.3)
    neck = 0.62 * m.half
    fill([(-neck, 0.6), (neck, 0.6), (neck, 2), (-neck, 2)], skin * 0.78, SKIN, -0.2)
    fill(
        [
            (-1.8, 2.4),
            (-1.5, 1.5),
            (-neck, m.chin + 0.12),
            (0, m.chin + 0.3),
            (neck, m.chin + 0.12),
            (1.5, 1.5),
            (1.8, 2.4),
        ],
        who.cloth,
        OTHER,
        -0.2,
    )
    for side in (-1, 1):
        ear = _ellipse(side * (m.half + 0.02), m.eye_y + 0.16, 0.10, 0.2)
        fill(ear, skin * 0.9, SKIN, -0.2)
    fill(outline, skin, SKIN, 0.1)
    for x, y, size, tone in who.spots[: round(34 * max(0.0, s - 0.15))]:
        spot = _ellipse(
            (2 * x - 1) * 0.8 * m.half,
            _mix(-0.9, 0.85 * m.chin, y),
            0.018 + 0.032 * size,
            0.016 + 0.026 * size,
            10,
        )
        fill(spot, skin * (1 - (0.10 + 0.16 * tone) * s), SKIN, 0.8)

    # soft shadows and lights go on a small signed layer (128 is neutral), wrinkles on their own
    soft = Image.new("L", (SIDE // 2, SIDE // 2), 128)
    lines = Image.new("L", (SIDE, SIDE), 0)
    tufts = Image.new("L", (SIDE // 2, SIDE // 2), 0)
    shade, ridge, tuft = (ImageDraw.Draw(layer) for layer in (soft, lines, tufts))
    for side in (-1, 1):
        x = side * m.eye_x
        shade.polygon(
            place(_ellipse(x * 0.95, m.eye_y - 0.03, m.eye_w * 1.3, m.eye_h + 0.12), 1, 0.5),
            fill=98,
        )
        shade.polygon(
            place(_ellipse(side * 0.5 * m.half, m.nose_y - 0.08, 0.17, 0.14), 1, 0.5), fill=150
        )
        shade.line(
            place([(side * 0.09, m.eye_y - 0.05), (side * m.nose_w, m.nose_y - 0.05)], 1.3, 0.5),
            fill=104,
            width=3,
        )
    shade.polygon(place(_ellipse(0, m.nose_y + 0.05, m.nose_w * 0.95, 0.07), 1.2, 0.5), fill=84)
    shade.line(place([(0, m.eye_y), (0, m.nose_y - 0.1)], 1.6, 0.5), fill=172, width=3)
    shade.polygon(place(_ellipse(0, m.nose_y - 0.08, m.nose_w * 0.5, 0.07), 1.6, 0.5), fill=172)
    shade.polygon(place(_ellipse(0, m.mouth_y + m.lips + 0.11, 0.17, 0.05), 1, 0.5), fill=92)
    shade.polygon(place(_ellipse(0, m.chin - 0.14, 0.16, 0.09), 1, 0.5), fill=146)
    shade.polygon(place(_ellipse(0, -0.62, 0.36, 0.2), 1, 0.5), fill=142)
    for points, strength in _wrinkles(m, w, who):
        if strength > 0.02:
            ridge.line(
                place(points, 1.0, 1),
                fill=int(min(255, 235 * strength)),
                width=round(1.6 + 2.6 * strength),
                joint="curve",
            )
    _features(m, who, now, skin, hair, fill, stroke)
    grown = np.clip((p - 0.38) / 0.12, 0, 1) if who.beard else 0.0
    if grown:
        inner = m.mouth_y + (0.0 if who.beard < 3 else 0.5)
        if who.beard < 3:  # cheeks and jaw; the third style is moustache and chin only
            edge = np.stack(
                [
                    0.8 * m.half * np.linspace(-1, 1, 21),
                    inner - 0.24 + 0.42 * np.linspace(-1, 1, 21) ** 2 * 0,
                ],
                1,
            )
            edge[:, 1] += 0.2 * (1 - (np.linspace(-1, 1, 21)) ** 2)
            tuft.polygon(place(np.concatenate([low, edge]), 0.4, 0.5), fill=255)
        else:
            tuft.polygon(place(_ellipse(0, m.chin - 0.1, 0.22, 0.17), 0.8, 0.5), fill=255)
        lip = m.mouth_y - m.lips - 0.06
        tuft.line(
            place(
                [
                    (-m.mouth_w - 0.02, lip + 0.09),
                    (-0.1, lip),
                    (0.1, lip),
                    (m.mouth_w + 0.02, lip + 0.09),
                ],
                1,
                0.5,
            ),
            fill=255,
            width=5,
        )
        mouth = _ellipse(0, m.mouth_y + now.open / 2, m.mouth_w, m.lips + 0.02 + now.open / 2)
        tuft.polygon(place(mouth, 1, 0.5), fill=0)
    fill(front, hair, HAIR, 0.1)
    if who.glasses:
        for side in (-1, 1):
            ring = _ellipse(side * 0.37, m.eye_y + 0.03, 0.27, 0.21)
            stroke(np.concatenate([ring, ring[:2]]), who.frame, 0.028)
            stroke(
                [(side * 0.64, m.eye_y), (side * m.half, m.eye_y - 0.04)],
                who.frame,
                0.03,
                depth=0.5,
            )
        stroke([(-0.1, m.eye_y), (0.1, m.eye_y)], who.frame, 0.03)
    _occlude(now, m, skin, fill, stroke)
    return _light(
        paint,
        codes,
        soft,
        lines,
        tufts,
        who,
        now,
        skin,
        hair,
        (centre, cos, sin, scale),
        (s, w, g, h),
        m,
        grown,
    )


def _features(m, who, now, skin, hair, fill, stroke):
    """Eyes, brows, nose and mouth."""
    t = np.linspace(-1, 1, 15)
    arch = 1 - t * t
    dark = skin * 0.45
    for side in (-1, 1):
        x, lid = side * m.eye_x + m.eye_w * t, m.eye_h * now.blink
        upper, lower = m.eye_y - lid * arch**0.8, m.eye_y + 0.62 * m.eye_h * arch
        almond = np.concatenate([np.stack([x, upper], 1), np.stack([x, lower], 1)[::-1]])
        fill(almond, _mix(skin, np.array((246, 243, 240)), 0.8), OTHER)
        for radius, colour in ((0.92, who.iris), (0.45, who.iris * 0.2)):
            ball = _ellipse(
                side * m.eye_x + now.gaze * m.eye_w,
                m.eye_y - 0.08 * m.eye_h,
                m.eye_h * radius,
                m.eye_h * radius,
            )
            ball[:, 1] = np.clip(
                ball[:, 1], np.interp(ball[:, 0], x, upper), np.interp(ball[:, 0], x, lower)
            )
            fill(ball, colour, OTHER)
        glint = _ellipse(
            side * m.eye_x + (now.gaze + 0.15) * m.eye_w, m.eye_y - 0.35 * m.eye_h, 0.022, 0.022, 8
        )
        fill(glint, np.array((250, 250, 250)), OTHER)
        stroke(np.stack([x, upper], 1), skin * 0.25, 0.022 if who.male else 0.032)
        stroke(np.stack([x, lower], 1), skin * 0.66, 0.014, SKIN)
        stroke(np.stack([x, upper - 0.05], 1), skin * 0.72, 0.016, SKIN)
        bx = side * (m.eye_x - 0.02) + side * 0.20 * t
        by = m.brow_y - now.lift - 0.035 * arch + 0.025 * t
        thick = (0.042 if who.male else 0.028) * who.brow * (1 - 0.45 * np.clip(t, 0, 1))
        brow = np.concatenate([np.stack([bx, by - thick], 1), np.stack([bx, by + thick], 1)[::-1]])
        fill(brow, _mix(hair * 0.85, skin, 0.18), OTHER)
        fill(_ellipse(side * m.nose_w * 0.5, m.nose_y, m.nose_w * 0.24, 0.028, 12), dark, SKIN, 1.3)
        wing = np.linspace(-0.9, 1.3, 9)
        stroke(
            np.stack(
                [
                    side * m.nose_w * (0.7 + 0.32 * np.cos(wing)),
                    m.nose_y - 0.02 - 0.08 * np.sin(wing),
                ],
                1,
            ),
            skin * 0.7,
            0.018,
            SKIN,
            1.2,
        )
    lip = _mix(skin, np.array((176, 62, 70)), 0.42 if who.male else 0.58)
    x, curve = m.mouth_w * t, m.mouth_y + now.smile * (0.4 - 1.6 * (1 - arch))
    gap = now.open * arch
    bow = m.lips * (0.85 * arch**0.7 - 0.25 * np.exp(-((t / 0.18) ** 2)))
    upper, lower = (
        np.stack([x, curve - bow], 1),
        np.stack([x, curve + gap + m.lips * 1.15 * arch], 1),
    )
    middle = np.stack([x, curve + gap], 1)
    fill(np.concatenate([upper, np.stack([x, curve], 1)[::-1]]), lip * 0.88, OTHER)
    fill(np.concatenate([middle, lower[::-1]]), lip, OTHER)
    if now.open > 0.01:
        fill(np.concatenate([np.stack([x, curve], 1), middle[::-1]]), np.array((70, 26, 28)), OTHER)
        teeth = np.stack([x, curve + 0.45 * gap], 1)[3:-3]
        fill(
            np.concatenate([np.stack([x, curve], 1)[3:-3], teeth[::-1]]),
            np.array((232, 228, 218)),
            OTHER,
        )
    stroke(np.stack([x, curve], 1), lip * 0.45, 0.02)


def _occlude(now, m, skin, fill, stroke):
    """A hand, a microphone or a dark bar over a small part of the face, in one clip of twenty."""
    x = now.side * 0.5
    if now.occlusion == 0:
        for k in range(4):
            stroke(
                [
                    (x + 0.17 * k * now.side, 1.9),
                    (x - 0.1 * now.side + 0.15 * k * now.side, m.mouth_y + 0.12 - 0.06 * (k % 3)),
                ],
                skin * (0.93 - 0.03 * k),
                0.16,
                SKIN,
                2.0,
            )
    elif now.occlusion == 1:
        stroke([(x, 2.0), (x * 0.6, m.chin + 0.1)], np.array((48, 48, 52)), 0.13)
        fill(_ellipse(x * 0.55, m.chin - 0.06, 0.19, 0.23), np.array((62, 62, 68)), OTHER)
    elif now.occlusion == 2:
        fill(
            [(now.side * 1.5, -2), (now.side * 0.75, -2), (now.side * 0.6, 2), (now.side * 1.5, 2)],
            np.array((52, 48, 50)),
            OTHER,
            0,
        )


def _light(paint, codes, soft, lines, tufts, who, now, skin, hair, pose, dials, m, grown):
    """Texture, shade and photograph the painted layers."""
    (centre, cos, sin, scale), (s, w, g, h), rng = pose, dials, now.rng
    size = (SIDE, SIDE)
    rgb = np.asarray(paint.reduce(2)).transpose(2, 0, 1).astype(np.float32)
    code = np.asarray(codes.reduce(2).filter(ImageFilter.BoxBlur(1)))
    on_skin, on_hair = (code[..., k].astype(np.float32) / 255 for k in (0, 1))
    lift = np.asarray(soft.filter(ImageFilter.GaussianBlur(2.2)).resize(size, 2)).astype(np.float32)
    fold = np.asarray(lines.filter(ImageFilter.GaussianBlur(0.9))).astype(np.float32) / 255

    axis = np.arange(SIDE, dtype=np.float32)
    dx, dy = axis[None, :] - centre[0], axis[:, None] - centre[1]
    c, q = np.float32(cos / scale**2), np.float32(sin / scale**2)
    x, y = dx * c + dy * q, dy * c - dx * q
    nx, ny = x / (m.half * 1.15), y / 1.3
    nz = np.sqrt(np.maximum(0.0, 1 - nx * nx - ny * ny))
    lamp = now.light.astype(np.float32)
    body = 0.70 + 0.36 * nz + nx * lamp[0] + ny * lamp[1]

    # skin: lit, blushing when young, mottled and creased when old
    mottle = 0.05 * _grid(rng, 16) + 0.05 * _grid(rng, 44)
    face = (1 + (lift - 128) / 128 * 0.55) * (1 + s * 1.3 * mottle)
    crease = np.roll(fold, 2, axis=0)
    face *= (1 - 0.50 * fold) * (1 + 0.14 * crease)
    blush = np.exp(-(((np.abs(x) - 0.5 * m.half) / 0.2) ** 2) - ((y - m.nose_y + 0.1) / 0.17) ** 2)
    blush *= (1 - s) * 0.30 * on_skin
    # hair: strands fan out from the crown, curls are plain noise; grey comes in streaks
    if who.curly:
        strand = 0.6 * _grid(rng, 60)
    else:
        fan = np.arctan2(x, y + 0.95)
        wave = np.random.default_rng([int(who.wave[4] * 1e6), 3]).standard_normal(512)
        wave = (wave + np.roll(wave, 1)).astype(np.float32) / 2
        strand = wave[(fan * 38).astype(np.int32) & 511] * 0.7
    tone = 1 + 0.16 * strand - 0.1 * (y + 0.6)
    streak = 60 * g * (1 - g) * strand
    thin = np.clip((h - 0.3) * 1.1, 0, 0.75) * np.clip(-0.35 - y, 0, 0.5) * 1.6
    thin = np.clip(thin * (1 + 0.8 * strand), 0, 0.85) * on_hair * (1.0 if who.male else 0.5)
    if grown:
        beard = np.asarray(
            tufts.filter(ImageFilter.GaussianBlur(1.3)).resize(size, 2)
        ) / np.float32(255)
        beard = beard * on_skin * np.float32(grown * (0.38 if who.beard == 2 else 0.8))
        beard *= 1 + 0.25 * _grid(rng, 70)
    shade = body * (on_skin * face + on_hair * tone) + (1 - on_skin - on_hair)
    wall = 1 + 0.10 * _grid(rng, 4) * (1 - on_skin - on_hair)
    warm = np.array((1 + now.warmth, 1, 1 - now.warmth)) * now.exposure
    for k in range(3):
        plane = rgb[k]
        plane += thin * (skin[k] - plane) + streak * on_hair
        if grown:
            plane += beard * (hair[k] * 0.9 - plane)
        plane += blush * ((215, 95, 95)[k] - plane)
        plane *= shade * wall * np.float32(warm[k])
    rgb += now.noise * rng.standard_normal(rgb.shape, dtype=np.float32)
    picture = Image.fromarray(np.clip(rgb, 0, 255).astype(np.uint8).transpose(1, 2, 0).copy())
    return np.asarray(picture.filter(ImageFilter.GaussianBlur(float(now.blur)))).copy()


def encode_jpeg(image, *, clip):
    """Compress a face crop as a camera's file would be.

    Parameters
    ----------
    image : numpy.ndarray
        RGB picture, shape (height, width, 3), uint8.
    clip : int
        Seed of the quality, drawn from 70 to 95.

    Returns
    -------
    bytes
        A JPEG file.

    Raises
    ------
    TypeError
        If the array is not a uint8 picture.
    """
    quality = int(np.random.default_rng([clip, 4]).integers(70, 96))
    out = io.BytesIO()
    Image.fromarray(image).save(out, "JPEG", quality=quality)
    return out.getvalue()
