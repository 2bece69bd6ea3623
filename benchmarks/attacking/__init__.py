"""Parts of the attack's benchmark."""
