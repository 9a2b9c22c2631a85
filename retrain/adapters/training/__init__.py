"""Fine-tuning in torch: a lane for transformers and one for static encoders, around one loop."""
