"""Artefacts of models: content-addressed folders of safetensors, checked before anything is loaded from them."""
