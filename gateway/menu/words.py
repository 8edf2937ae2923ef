"""The gateway's own words for citizens, in the source language; PO domain `gateway`.

Their translations ship in `gateway/locales/`; a deployment's `locales/` may override any.
"""

from __future__ import annotations

from collections.abc import Mapping

DOMAIN = "gateway"

WORDS: Mapping[str, str] = {
    # keys
    "back": "Retour",
    "home": "Accueil",
    "menu": "Menu",
    "more": "Suite",
    "skip": "Passer",
    "yes": "Oui",
    "no": "Non",
    # language and resuming
    "language": "Votre langue ?",
    "resume": "{service} : reprendre ?",
    "continue": "Continuer",
    "restart": "Recommencer",
    # wrong answers
    "wrong_choice": "Tapez le numéro de votre choix.",
    "wrong_empty": "Tapez votre réponse.",
    "wrong_text": "Tapez une réponse plus courte.",
    "wrong_short": "Tapez une réponse plus longue.",
    "wrong_name": "Tapez un nom avec des lettres.",
    "wrong_digits": "Tapez seulement des chiffres.",
    "wrong_length": "Il faut {length} chiffres.",
    "wrong_lengths": "Il faut de {least} à {most} chiffres.",
    "wrong_number": "Tapez un nombre.",
    "wrong_amount": "Tapez un montant en francs.",
    "wrong_least": "Au moins {least}.",
    "wrong_most": "Au plus {most}.",
    "wrong_date": "Date inconnue. Exemple : 15/03/1990",
    "wrong_early": "Date à partir du {least}.",
    "wrong_late": "Date jusqu'au {most}.",
    "wrong_phone": "Numéro inconnu. Exemple : 0197000000",
    "wrong_pin": "Code incorrect. Tapez seulement des chiffres.",
    "wrong_check": "Réponse inconnue. Vérifiez et recommencez.",
    "wrong_characters": "Tapez seulement des lettres et des chiffres.",
    "no_answer": "Pas de réponse du service. Réessayez.",
    "wrong_unchecked": "Vérification impossible. Réessayez plus tard.",
    "example": "Exemple : {example}",
    "wrong_rating": "Tapez un chiffre de 1 à 5.",
    "nothing_found": "Rien trouvé. Essayez d'autres lettres.",
    "empty": "Aucun résultat.",
    # feedback
    "rating": "1 = mauvais, 5 = très bien",
    "thanks": "Merci de votre avis.",
    # call-backs
    "callback_missed": (
        "Nous vous avons appelé {tries} fois sans réponse. Pour être rappelé : {ussd}."
    ),
    # an answer that is slow
    "wait": "Un instant, la réponse tarde.",
    "wait_sms": "Un instant, la réponse tarde. Elle vous arrive par SMS.",
    # by SMS
    "dial_secret": "Pour votre code secret, composez {ussd}. Ne l'écrivez jamais par SMS.",
    "help": "Écrivez {menu} au {sender} ou composez {ussd}.",
    "help_stop": "Pour ne plus recevoir de SMS : {stop}.",
    "stopped": "C'est noté : plus de SMS du {sender}.",
    "stopped_again": "Pour en recevoir de nouveau : {again}.",
    "unfollowed": "C'est noté : plus de SMS sur {reference}.",
    "started": "C'est noté : vous recevrez de nouveau les SMS du {sender}.",
    "too_many": "Vous avez envoyé trop de messages. Merci d'attendre un peu.",
    # trouble
    "trouble_sms": "Un problème est survenu. Renvoyez votre message plus tard.",
    "trouble": "Un problème est survenu. Merci de rappeler dans quelques minutes.",
    "unknown_code": "Ce code n'est pas en service.",
    "busy": "Votre demande est en cours. Merci de rappeler dans une minute.",
}
