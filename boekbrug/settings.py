"""Settings of an installation: from the environment (`BOEKBRUG_…`), or from files that systemd or Docker hand over."""

import os
from pathlib import Path

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SecretsSettingsSource, SettingsConfigDict

# A file in one of them that bears a setting's name (`boekbrug_secret_key`) holds its value.
_DOCKER_SECRETS = "/run/secrets"
_SYSTEMD_CREDENTIALS = "CREDENTIALS_DIRECTORY"


class Settings(BaseSettings):
    """Where things are kept and how patient a run is."""

    model_config = SettingsConfigDict(env_prefix="BOEKBRUG_", frozen=True)

    home: Path = Field(Path("var"), description="Folder of the embedded database and the key file")
    database_url: str = Field("", description="SQLAlchemy address of the database; empty: SQLite in the home folder")
    secret_key: SecretStr | None = Field(
        None, description="Key that seals credentials (32 bytes, base64url); empty: the file `key` in the home folder"
    )
    language: str = Field("nl", pattern="^(nl|en)$", description="Language of what the command line prints")
    patience_seconds: float = Field(
        120, ge=0, description="Longest wait for a free slot inside a run; beyond it the run ends and goes on later"
    )
    claim_seconds: float = Field(
        120,
        gt=0,
        description="How long a started write belongs to its worker; after it another looks what became of it",
    )
    overlap_hours: int = Field(
        48,
        ge=0,
        description="How far before the last run changed orders are read again, against changes that came late",
    )
    work_pool: str = Field("boekbrug", description="Prefect work pool whose workers run the flows")
    vies_url: str = Field(
        "https://ec.europa.eu/taxation_customs/vies/rest-api", description="Address of the VIES register of VAT numbers"
    )
    ecb_url: str = Field(
        "https://www.ecb.europa.eu/stats/eurofxref/", description="Where the ECB publishes the euro's reference rates"
    )
    dashboard_host: str = Field("127.0.0.1", description="Address on which the dashboard listens")
    dashboard_port: int = Field(4280, ge=0, le=65535, description="Its port; 0: any that is free")
    dashboard_url: str = Field(
        "",
        pattern="^(https?://[^/]+)?/?$",
        description="Address under which people reach the dashboard, such as https://boekbrug.example.nl; it stands in "
        "invitations, and with https the browser sends the session's cookie encrypted only; empty: host and port",
    )
    session_hours: float = Field(
        12, gt=0, le=720, description="How long somebody stays signed in to the dashboard without using it"
    )
    smtp_url: SecretStr | None = Field(
        None,
        description="Server that takes notifications: smtp://USER:PASSWORD@HOST:587 (encrypted when the server offers "
        "it, and always before a password is sent) or smtps://…:465; empty: no e-mail",
    )
    mail_from: str = Field("", description="Address from which notifications come; needed for e-mail")
    notify_services: str = Field(
        "tgram,slack,discord,gchat,pover,pbul",
        description="Services of Apprise that users may choose, by the beginning of their addresses. Only those whose "
        "address is fixed: with others, such as json, a user could have this server call addresses in its own network",
    )
    notify_hour: int = Field(
        7, ge=0, le=23, description="Hour of the day (in the tenant's time zone) from which a day's digests are sent"
    )
    log_level: str = Field(
        "INFO", pattern="^(?i:DEBUG|INFO|WARNING|ERROR)$", description="Level of the log on standard error"
    )

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """The environment before the files, so that secrets need not stand in an environment that others can read."""
        folders = [os.environ.get(_SYSTEMD_CREDENTIALS, ""), _DOCKER_SECRETS]
        present = [folder for folder in folders if folder and Path(folder).is_dir()]
        return init_settings, env_settings, SecretsSettingsSource(settings_cls, secrets_dir=present)

    @property
    def public_url(self) -> str:
        """The address of the dashboard, without a slash at the end."""
        return self.dashboard_url.rstrip("/") or f"http://{self.dashboard_host}:{self.dashboard_port}"

    @property
    def database(self) -> str:
        """The address of the database that is really used."""
        return self.database_url or f"sqlite:///{self.home.resolve() / 'boekbrug.db'}"
