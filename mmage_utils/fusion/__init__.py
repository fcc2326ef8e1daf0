"""Late fusion, and what each modality is worth (tasks g and h)."""
