"""De-identified copies: a transcript without what identifies people, as far as rules find it.

`find` finds it, a person reviews it, `deidentified` replaces it by labels: a function from transcript to
transcript, so that every exporter writes the copy. Found are names, dates, ages over 89, phones, e-mail,
links, addresses, towns, institutions and numbers of records, in Spanish and English, in digits and in words.
It is never complete.
"""
