"""What ray.serve.llm imports of httpx, for environments without it."""


class HTTPStatusError(Exception):
    pass
