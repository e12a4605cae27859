"""Secrets that are none: those of tutorials, templates and documentation."""

from __future__ import annotations

# In small letters, and without what is no letter or digit.
_WORDS = """
0123456789abcdef 123456 12345678 123456789 1234567890 abc abc123 abcdef admin anysecretstring
asdf badsecretkey bananas changeit changeme changemetoacomplexrandomsecret changethis
changethisinproduction changethiskey changethissecret changethissecretkey default demo dev devel
development developmentkey devkey devsecret devsecretkey donttellanyone flask flaskapp flasksecret
foo foobar hardtoguess hardtoguessstring iamsecret insecure insecurekey jwtsecret jwtsecretkey key
letmein mykey mysecret mysecretkey mysupersecretkey none notasecret notsecret notsosecret
notverysecret password password123 pleasechangeme pleasechangethis placeholder production
productionkey qwerty random randomkey randomstring replaceme replacethis s3cr3t s3cret samplekey
secret secret123 secretkey secretkeygoeshere secretkeyhere secretsecret sessionsecret somekey
somerandomkey somerandomstring somesecret somesecretkey somethingsecret somethingunique string
super supersecret supersecretkey supersecretpassword temp tempkey temporarykey test testing
testingkey testkey testsecret testsecretkey thesecret thesecretkey thisisasecret thisisasecretkey
thisissecret thisshouldbesecret todo topsecret unsafe verysecret verysecretkey whatever xxx
yoursecret yoursecretkey yoursecretkeyhere youwillneverguess youllneverguess
"""

# Long ones that were made at random once, and then printed: in Flask's documentation, today's
# and that of long ago, in FastAPI's and Superset's, and in a course that many have followed.
_PRINTED = """
192b9bdd22ab9ed4d12e236c78afcb9a393ec15f71bbf5dc987d54727823bcbf
5y2lf4q8z 5y2lf4q8zì 5y2lf4q8znxec a0zr98j3yxrxhhjmnlwxrt
09d25e094faa6ca2556c818166b7a9563b93f7099f6f0f4caa6cf63b88e8d3e7
thisismyscretkeyeyyh 21thisismyscretkey12eyyh
5791628bb0b13ce0c676dfde280ba245
"""

# What people put together where a template says "put a secret here".
_PARTS = """
1 12 123 1234 12345 123456 2020 2021 2022 2023 2024 2025 2026 2027 a abc abc123 account actual
admin an and any anything api app application asdf at auth backend base be before build by
change changed changeme changing characters chars ci code config configuration cookie cookies
create crypto custom database debug default demo deploy deployment dev devel develop development
django do docker dont dummy encryption enter env environment example fake fallback fastapi file
fixme flask foo bar for forget from generate generated good guess hard hardcoded hash hello here
hex hs256 i in insecure insert instead into is it jwt keep key keys local localhost long make
me min minimum mode must my mykey mysecret mysite name new nextauth nobody none not of on one only
or our own pass passphrase password phrase place placeholder please prod production project
private project put python qwerty qwertyuiop qwertyuiopasdfghjklzxcvbnm random randomly real
really replace s3cr3t safe salt sample samples secrect secret secrets secure security server
session sessions set setting settings share shhh should sign signing simple site some something
somewhere staging string strong super supersecret tell temp template temporary test testing text
that the then this to todo token tokens top tutorial ultra unique unsafe unsecure until update use
used user uuid v1 v2 value variable very web website will with without word words world xxx you
your yourself
"""

_KNOWN = frozenset(f"{_WORDS} {_PRINTED}".split())
_KNOWN_PARTS = frozenset(f"{_WORDS} {_PARTS}".split())
_LONGEST_PART = max(map(len, _KNOWN_PARTS))

# How letters are written by those who think that nobody else does.
_LETTERS = str.maketrans("013457", "oieast")


def is_known(secret: bytes) -> bool:
    """Tell whether *secret* is one that everybody knows, or put together of what templates say."""
    text = secret.decode("utf-8", "ignore").lower()
    letters = "".join(char for char in text if char.isalnum())
    # Of bytes at random few are letters, and these may be anything.
    is_text = len(letters) * 2 >= len(secret)
    return is_text and (
        letters in _KNOWN
        or len(set(letters)) == 1
        or _is_made_of_parts(letters)
        or _is_made_of_parts(letters.translate(_LETTERS))
    )


def _is_made_of_parts(text: str) -> bool:
    """Tell whether *text* is nothing but known words, one after the other."""
    # Where a word may begin.
    starts = {0}
    for start in range(len(text)):
        if start in starts:
            sizes = range(1, _LONGEST_PART + 1)
            starts |= {start + n for n in sizes if text[start : start + n] in _KNOWN_PARTS}
    # Digits alone may have been thrown with dice.
    return len(text) in starts and not text.isdigit()
