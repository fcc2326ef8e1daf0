"""The embedded synthetic sample: who speaks, and the face, voice and words drawn for each clip."""
