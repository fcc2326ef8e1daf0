"""What a notebook shows besides figures and tables: sentences and sounds."""


def say(text):
    """Show a sentence as Markdown below a cell."""
    from IPython.display import Markdown, display

    display(Markdown(text))


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
