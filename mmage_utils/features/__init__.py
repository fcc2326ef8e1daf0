"""What a model is fed with: faces, embeddings and acoustic features, computed once."""
