"""Every setting, and the only reader of the environment and the configuration file.

From the strongest to the weakest: the command line; `PROJECTIONIST_NAME`; `PROJECTIONIST_NAME_FILE`, the path of a
file that holds the value; a `.env` file, where one is asked for; a TOML file; the settings page; the default.
"""

from projectionist.settings.model import Settings
from projectionist.settings.options import SettingInfo, Source
from projectionist.settings.reading import checked, describe, load_settings, variable_of
from projectionist.settings.secrets import secret_names, secret_texts

__all__ = [
    "SettingInfo",
    "Settings",
    "Source",
    "checked",
    "describe",
    "load_settings",
    "secret_names",
    "secret_texts",
    "variable_of",
]
