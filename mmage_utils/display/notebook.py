"""What a notebook shows besides figures and tables: sentences and sounds."""

import re

from mmage_utils.errors import visible

QUOTED = 120  # letters


def say(text):
    """Show a sentence as Markdown below a cell; texts of the data within it are `quoted`."""
    from IPython.display import Markdown, display

    display(Markdown(text))


def quoted(text):
    """A text of the data as it stands in a sentence: as code, cut at `QUOTED` letters.

    Names of clips and reasons are not ours. In code neither Markdown nor HTML nor formulas count.
    """
    text = visible(text, lines=False)
    text = text if len(text) <= QUOTED else f"{text[: QUOTED - 1]}…"
    if not text.strip():
        return "an empty text"
    fence = "`" * (1 + max(map(len, re.findall("`+", text)), default=0))
    space = " " if {text[0], text[-1]} & {"`", " "} else ""
    return f"{fence}{space}{text}{space}{fence}"


def play(samples, rate, name):
    """Show an audio player with its name; the sound is kept small as MP3.

    Parameters
    ----------
    samples : numpy.ndarray, shape (n,)
        In -1..1.
    rate : int
        Hz.
    name : str
        What is heard.
    """
    import io
    from base64 import b64encode
    from html import escape

    import soundfile
    from IPython.display import HTML, display

    file = io.BytesIO()
    soundfile.write(file, samples, rate, format="MP3")
    data, name = b64encode(file.getvalue()).decode(), escape(name, quote=True)
    source = f'src="data:audio/mpeg;base64,{data}"'
    display(
        HTML(f'<figure>{name}<br><audio controls aria-label="{name}" {source}></audio></figure>')
    )
