"""What a cell puts on the run's base model, its checkpoint: LoRAs, a text encoder, a network, or another whole model in its place."""
