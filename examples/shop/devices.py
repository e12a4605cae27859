"""Where a customer is signed in: the package's own page, in the shop's layout and languages."""

from __future__ import annotations

from flask_sessionplus.pages import Look, devices

from . import csrf, headers, phrases, texts

blueprint = devices.create_blueprint(
    look=Look(
        base_template="base.html",
        translate=phrases.translate,
        language=texts.language,
        form_fields=csrf.field,  # beside what the page protects its forms with
        policy=headers.POLICY,
    )
)
