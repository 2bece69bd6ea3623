"""A text-to-image service under test of which only the API is seen: prompts in, pictures or refusals out."""
