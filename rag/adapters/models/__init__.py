"""Encoders and cross-encoders: their artefacts, exports and runtimes."""
