"""What ray.serve.llm imports of vLLM, so far as a pool is started and asked through it; the engine itself is tests/actors/llm_engine.py."""
