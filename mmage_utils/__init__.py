"""Age groups from the face, the voice and the words of a 15-second clip.

The notebooks of the report call this package. Data flows one way:
clips -> features -> models -> predictions -> scores and fusion -> figures.
"""

__version__ = "0.1.0"
