"""HTML from templates: everything that is put into a page is escaped, and a missing value is an error."""

from jinja2 import Environment, PackageLoader, StrictUndefined


def html_templates(package: str, folder: str) -> Environment:
    """The templates in `folder` of `package`."""
    return Environment(
        loader=PackageLoader(package, folder),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
