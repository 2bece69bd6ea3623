"""The options of an images endpoint."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, Field, PositiveFloat, PositiveInt, field_validator, model_validator

from safesweep.redaction import shown_url
from safesweep.settings import Section
from safesweep.vlm.key_hosts import check_host

FIXED = ("prompt", "model", "n", "stream")
"""Fields of a request that no ``extra_body`` may set."""


class ImagesApiSettings(Section):
    """A text-to-image service behind ``POST {url}/images/generations``, as OpenAI, vLLM-Omni, SGLang and gateways to ComfyUI serve it."""

    url: str
    """Where the API begins, e.g. ``https://images.internal/v1``."""
    model: str
    """The name under which the service serves it."""
    revision: str | None = None
    """As the service's operator states it; it becomes part of the trial ids."""
    api_key_env: str | None = Field(default=None, pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")
    """The environment variable that holds the key; it must be set wherever diffusion actors run."""
    timeout_s: PositiveFloat = 180.0
    """Seconds that one attempt may take."""
    tries: PositiveInt = 5
    """Attempts before a trial fails."""
    concurrency: PositiveInt = 8
    """Requests under way at a time."""
    requests_per_minute: PositiveFloat | None = None
    """No more than so many; by default as many as are answered."""
    most_requests: PositiveInt | None = None
    """Requests, attempts included, that a start of the run may send; the trials behind them are left to do."""
    price_a_picture: float = Field(default=0.0, ge=0)
    """Money that a picture costs, in any currency."""
    most_money: PositiveFloat | None = None
    """What a start of the run may spend, in that currency; every picture that was answered counts, and one under way as if it were."""
    seed_field: str | None = None
    """The request's field for the seed, where the service has one: ``seed``. Without it pictures of one prompt differ by chance alone."""
    response_format: Literal["b64_json", "url"] | None = "b64_json"
    """What is asked for; null: nothing, as newer OpenAI models want it. Both are read."""
    extra_body: dict[str, Any] = Field(default={})
    """Further fields of the request as the service names them, e.g. ``{quality: low}``."""
    picture_hosts: tuple[Annotated[str, AfterValidator(check_host)], ...] = ()
    """Hosts, or host:port, that pictures may be fetched from where the service gives a URL, beside its own."""

    @field_validator("url")
    @classmethod
    def _is_an_address(cls, url: str) -> str:
        url = url.strip().rstrip("/")
        if not url.startswith(("http://", "https://")):
            raise ValueError(
                f"{shown_url(url)!r} is no address of an API; allowed: http://HOST:PORT/v1 or https://HOST/v1"
            )
        return url.removesuffix("/images/generations")

    @field_validator("extra_body")
    @classmethod
    def _leaves_the_prompt_alone(cls, extra: dict[str, Any]) -> dict[str, Any]:
        for name in FIXED:
            if name in extra:
                raise ValueError(f"{name} may not be set; it is given by other options or by the prompt")
        return extra

    @model_validator(mode="after")
    def _can_pay_for_a_picture(self) -> Self:
        if self.most_money is not None and not 0 < self.price_a_picture <= self.most_money:
            raise ValueError(
                f"most_money: {self.most_money:g} with price_a_picture {self.price_a_picture:g} is no budget; "
                "allowed: a price above 0, and money for one picture at least"
            )
        return self

    def model_id(self) -> str:
        """For people and the lake: "images_api:name@revision"."""
        return f"images_api:{self.model}@{self.revision or 'unpinned'}"

    def deciding(self) -> Mapping[str, Any]:
        """All that decides a picture beside prompt, seed and size, as far as its user knows it."""
        return {
            "model": self.model_id(),
            "seed_field": self.seed_field,
            "extra_body": self.extra_body,
        }
