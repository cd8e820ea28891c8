"""Errors a person sees.

ThalwegError
├── ConfigError        a setting is wrong: the file, the key, what is wrong, the mend      exit 2
├── StoreError         the warehouse refuses or is not what we need                        exit 3
└── ContractError      a library changed under us, or the log is not what the state says   exit 4
"""


class ThalwegError(Exception):
    """What went wrong, in words for the operator; ``mend`` says what to do about it."""

    exit_code = 1

    def __init__(self, message: str, mend: str = "") -> None:
        super().__init__(message)
        self.mend = mend

    def __str__(self) -> str:
        text = super().__str__()
        return f"{text}\n  mend: {self.mend}" if self.mend else text


class ConfigError(ThalwegError):
    """Bad configuration: refused at start."""

    exit_code = 2


class StoreError(ThalwegError):
    """The warehouse cannot be used, or refused rows for a reason a retry does not mend."""

    exit_code = 3


class ContractError(ThalwegError):
    """Something we stand on is not as we checked it: a private name, a partition count, a topic's end."""

    exit_code = 4
